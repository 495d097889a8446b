"""The engines, one a file: ``version()`` and ``load(folder, inputs)``, which gives a function that runs an inference.

``convert(folder)``, where there is one, is called before and writes the engine's own format.

``folder`` holds model.onnx, model.mge and inputs.npz; ``inputs`` are the arrays by name. The function returns the
first output. A module that cannot be imported is an engine that is not installed.
"""
