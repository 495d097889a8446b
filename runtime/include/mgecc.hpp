/* mgecc.hpp - models in C++17: objects that own their arena, and typed views of inputs and outputs. Freestanding like
 * mgecc.h: no heap, no exceptions, no RTTI, no standard library.
 *
 *     static mgecc::instance<digits_open, DIGITS_ARENA_SIZE> digits;   // or mgecc::model digits(digits_open, memory, bytes)
 *     mgecc::span<float> image = digits.input<float>(0);               // empty if it is not of floats
 *     ... fill the image ...
 *     if (digits && digits.run() == MGECC_OK)
 *         for (float score : digits.output<float>(0)) ...
 *
 * Views are valid as long as the model is. Inputs may be overwritten by a run: fill them before every run. */
#ifndef MGECC_HPP
#define MGECC_HPP
#include "mgecc.h"

namespace mgecc {

/* Elements that lie side by side in the memory of someone else. */
template <class T> class span {
  public:
    constexpr span() noexcept = default;
    constexpr span(T *data, size_t size) noexcept : data_(data), size_(size) {}
    template <size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr size_t size() const noexcept { return size_; }
    constexpr size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](size_t i) const noexcept { return data_[i]; }
    constexpr operator span<const T>() const noexcept { return {data_, size_}; }

    /* Elements from first on, count of them at most. */
    constexpr span subspan(size_t first, size_t count = ~size_t{0}) const noexcept
    {
        if (first > size_)
            first = size_;
        const size_t rest = size_ - first;
        return {data_ + first, count < rest ? count : rest};
    }

  private:
    T *data_ = nullptr;
    size_t size_ = 0;
};

/* Whether elements of a tensor are stored as Ts; of quantised numbers what is stored, float16 as uint16_t. */
template <class T> constexpr bool stores(mgecc_dtype) noexcept { return false; }
template <> constexpr bool stores<float>(mgecc_dtype d) noexcept { return d == MGECC_FLOAT32; }
template <> constexpr bool stores<bool>(mgecc_dtype d) noexcept { return d == MGECC_BOOL; }
template <> constexpr bool stores<int64_t>(mgecc_dtype d) noexcept { return d == MGECC_INT64; }
template <> constexpr bool stores<uint64_t>(mgecc_dtype d) noexcept { return d == MGECC_UINT64; }
template <> constexpr bool stores<uint32_t>(mgecc_dtype d) noexcept { return d == MGECC_UINT32; }
template <> constexpr bool stores<int32_t>(mgecc_dtype d) noexcept { return d == MGECC_INT32 || d == MGECC_QINT32; }
template <> constexpr bool stores<int16_t>(mgecc_dtype d) noexcept { return d == MGECC_INT16 || d == MGECC_QINT16; }
template <> constexpr bool stores<uint16_t>(mgecc_dtype d) noexcept { return d == MGECC_UINT16 || d == MGECC_FLOAT16; }
template <> constexpr bool stores<int8_t>(mgecc_dtype d) noexcept
{
    return d == MGECC_INT8 || d == MGECC_QINT8 || d == MGECC_QINT4 || d == MGECC_QINT1;
}
template <> constexpr bool stores<uint8_t>(mgecc_dtype d) noexcept
{
    return d == MGECC_UINT8 || d == MGECC_QUINT8 || d == MGECC_QUINT4 || d == MGECC_BOOL;
}

/* Memory to run in, aligned as models want it. */
template <size_t Bytes> struct arena {
    alignas(MGECC_ALIGN) unsigned char bytes[Bytes];
};

/* An open model; Object is mgecc_model, mgecc_dynamic for declared sizes, or mgecc_bound for buffers. It cannot be copied,
 * as its arena cannot. */
template <class Object> class basic_model {
  public:
    using opener = mgecc_status (*)(Object *, void *, size_t);
    using blob_opener = mgecc_status (*)(Object *, const void *, size_t, void *, size_t);

    basic_model() noexcept = default;
    basic_model(opener function, void *arena_at, size_t arena_size) noexcept { open(function, arena_at, arena_size); }
    basic_model(blob_opener function, span<const unsigned char> blob, void *arena_at, size_t arena_size) noexcept
    {
        status_ = function(&object_, blob.data(), blob.size(), arena_at, arena_size);
    }
    basic_model(const basic_model &) = delete;
    basic_model &operator=(const basic_model &) = delete;
    ~basic_model() { close(); }

    /* Open, or open anew. */
    mgecc_status open(opener function, void *arena_at, size_t arena_size) noexcept
    {
        return status_ = function(&object_, arena_at, arena_size);
    }

    /* What uses the model after this gets MGECC_E_ARGUMENT, NULL and empty views; the arena is free for others. */
    void close() noexcept
    {
        object_ = Object{};
        status_ = MGECC_E_ARGUMENT;
    }

    explicit operator bool() const noexcept { return status_ == MGECC_OK; }
    mgecc_status status() const noexcept { return status_; }

    mgecc_status run() noexcept { return run_of(object_); }
    mgecc_status run(mgecc_hook hook, void *user) noexcept { return run_of(object_, hook, user); }

    unsigned inputs() const noexcept { return mgecc_input_count(base()); }
    unsigned outputs() const noexcept { return mgecc_output_count(base()); }

    /* Number of an input or output, -1 for no such name. */
    int find_input(const char *name) const noexcept { return mgecc_find_input(base(), name); }
    int find_output(const char *name) const noexcept { return mgecc_find_output(base(), name); }

    /* Name, shape, type and scale; with rank 0, 0 bytes and no name if there is none. */
    mgecc_tensor input_info(unsigned i) const noexcept { return info(mgecc_input_info, i); }
    mgecc_tensor output_info(unsigned i) const noexcept { return info(mgecc_output_info, i); }

    /* The elements of an input or output; empty if there is none, or if it stores other elements than Ts, or is to be bound. */
    template <class T> span<T> input(unsigned i) noexcept
    {
        return view<T>(input_info(i), mgecc_input(base(), i));
    }
    template <class T> span<const T> output(unsigned i) const noexcept
    {
        return view<const T, T>(output_info(i), mgecc_output(base(), i));
    }

    /* For the functions of mgecc.h and of the model's header. */
    Object *get() noexcept { return &object_; }
    const Object *get() const noexcept { return &object_; }

  private:
    static const mgecc_model *base_of(const mgecc_model &m) noexcept { return &m; }
    static const mgecc_model *base_of(const mgecc_dynamic &d) noexcept { return &d.model; }
    static const mgecc_model *base_of(const mgecc_bound &b) noexcept { return &b.model; }
    const mgecc_model *base() const noexcept { return base_of(object_); }

    static mgecc_status run_of(const mgecc_bound &b) noexcept { return mgecc_run_bound(&b); }
    static mgecc_status run_of(const mgecc_bound &b, mgecc_hook hook, void *user) noexcept
    {
        return mgecc_run_bound_hooked(&b, hook, user);
    }
    template <class Other> static mgecc_status run_of(const Other &other) noexcept { return mgecc_run(base_of(other)); }
    template <class Other> static mgecc_status run_of(const Other &other, mgecc_hook hook, void *user) noexcept
    {
        return mgecc_run_hooked(base_of(other), hook, user);
    }

    using asker = mgecc_status (*)(const mgecc_model *, unsigned, mgecc_tensor *);
    mgecc_tensor info(asker ask, unsigned i) const noexcept
    {
        mgecc_tensor tensor{};
        ask(base(), i, &tensor);
        return tensor;
    }

    template <class T, class Stored = T, class Address>
    static span<T> view(const mgecc_tensor &tensor, Address *at) noexcept
    {
        if (!at || !stores<Stored>(tensor.dtype))
            return {};
        return {static_cast<T *>(at), tensor.bytes / sizeof(T)};
    }

    Object object_{};
    mgecc_status status_ = MGECC_E_ARGUMENT;
};

using model = basic_model<mgecc_model>;

/* A model with declared sizes. */
class dynamic_model : public basic_model<mgecc_dynamic> {
  public:
    using basic_model::basic_model;

    mgecc_status set_sizes(span<const int32_t> sizes) noexcept
    {
        return mgecc_set_sizes(get(), sizes.data(), static_cast<unsigned>(sizes.size()));
    }
    mgecc_status set_shape(unsigned i, span<const int32_t> dims) noexcept
    {
        return mgecc_set_shape(get(), i, dims.data(), static_cast<unsigned>(dims.size()));
    }
};

/* A model whose inputs or outputs lie in memory of the application's (`buffers` in model.yaml). Opening unbinds all. */
class bound_model : public basic_model<mgecc_bound> {
  public:
    using basic_model::basic_model;

    /* As mgecc_bind_input and mgecc_bind_output do; MGECC_E_ARGUMENT also if the tensor stores other elements than Ts. */
    template <class T> mgecc_status bind_input(unsigned i, span<const T> from) noexcept
    {
        if (!stores<T>(input_info(i).dtype))
            return MGECC_E_ARGUMENT;
        return mgecc_bind_input(get(), i, from.data(), from.size_bytes());
    }
    template <class T> mgecc_status bind_output(unsigned i, span<T> to) noexcept
    {
        if (!stores<T>(output_info(i).dtype))
            return MGECC_E_ARGUMENT;
        return mgecc_bind_output(get(), i, to.data(), to.size_bytes());
    }
};

/* A model with the arena that it runs in: instance<digits_open, DIGITS_ARENA_SIZE>; with bound_model as its third argument
 * one with buffers. */
template <auto Open, size_t Bytes, class Model = model> class instance : public Model {
  public:
    instance() noexcept { Model::open(Open, arena_.bytes, Bytes); }

  private:
    arena<Bytes> arena_;
};

} // namespace mgecc
#endif
