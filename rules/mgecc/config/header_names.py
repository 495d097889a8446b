"""Names that headers of C libraries and compilers have: NAME.h of a model would hide them from ``#include <NAME.h>``.

Folders given to a compiler with -I are searched before its own. Headers of C++20 end in no .h, but they read those of
C: <string> and <ctime> fail like <string.h> and <time.h>.
"""

from __future__ import annotations

# ISO C17, 7.1.2, with what C23 adds
_C = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
"""

# IEEE 1003.1-2017 (POSIX), chapter 13, besides those of C and of folders
_POSIX = """
    aio cpio dirent dlfcn fcntl fmtmsg fnmatch ftw glob grp iconv langinfo libgen monetary mqueue ndbm netdb nl_types
    poll pthread pwd regex sched search semaphore spawn strings stropts syslog tar termios trace ulimit unistd utime
    utmpx wordexp
"""

# What those of glibc, newlib, musl, picolibc, and the BSDs read, or have beside them
_LIBRARIES = """
    aliases alloca ansidecl ar argp argz byteswap crypt elf endian envz err error execinfo fastmath features
    fpu_control fstab fts gconv getopt gshadow ieee754 ieeefp ifaddrs lastlog libintl link malloc mcheck memory
    mntent mutex neterr newlib obstack paths picolibc printf proc_service pty re_comp reent regdef regexp resolv
    sgtty shadow stab stdio_ext syscall sysexits syslimits termio thread_db ttyent ucontext unctrl utmp values
    varargs wait wchar_t xlocale
"""

# What GCC and Clang bring along
_COMPILERS = """
    altivec amo arm_acle arm_bf16 arm_cde arm_cmse arm_fp16 arm_mve arm_mve_types arm_neon arm_sme arm_sve
    arm_vector_types builtins cet cpuid intrin mm3dnow mm_malloc msa ptrauth quadmath riscv_vector stdfix unwind
    wasm_simd128
"""
_INTRINSICS = "intrin"

# What programs read of the runtime, whose folders come behind those of models
_OWN = "construct mgecc mgecc_cv port"

_WHOSE = (
    ("C (ISO 9899)", _C),
    ("POSIX.1-2017", _POSIX),
    ("C libraries", _LIBRARIES),
    ("compilers", _COMPILERS),
    ("the runtime", _OWN),
)
_NAMES = {name: whose for whose, names in _WHOSE for name in names.split()}


def header_of(name: str) -> str | None:
    """Whose header NAME.h is, None if it is nobody's; file systems may not tell capital letters from small ones."""
    small = name.lower()
    return "compilers" if small.endswith(_INTRINSICS) else _NAMES.get(small)
