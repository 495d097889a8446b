"""What the scripts that make the model folders share: reading other frameworks' weight files, filling MegEngine
modules, pictures and sound, and publishing a folder through ``mgecc.export``.

May import: numpy, pillow, megengine, tflite, onnx, mgecc.config, mgecc.export; nothing in the compiler imports it.
"""
