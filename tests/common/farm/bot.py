"""A worker of a farm: takes leases from BuildGrid's Bots service and runs their actions, one at a time.

    bot.py PORT FOLDER NAME

Each action runs in an emptied folder with its inputs and the environment of its command, nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from buildgrid._protos.google.devtools.remoteworkers.v1test2 import bots_pb2, bots_pb2_grpc, worker_pb2
from buildgrid.server.client.cas import Downloader, Uploader

OUTPUT = 4 << 20


def execute(channel: grpc.Channel, action: reapi.Action, folder: Path) -> reapi.ActionResult:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    downloader = Downloader(channel)
    command = downloader.get_message(action.command_digest, reapi.Command())
    downloader.download_directory(action.input_root_digest, str(folder))
    downloader.close()
    outputs = [*command.output_files, *command.output_directories, *command.output_paths]
    for path in outputs:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    where = folder / command.working_directory
    env = {variable.name: variable.value for variable in command.environment_variables}
    done = subprocess.run(list(command.arguments), cwd=where, env=env, capture_output=True, check=False)
    result = reapi.ActionResult(
        exit_code=done.returncode, stdout_raw=done.stdout[-OUTPUT:], stderr_raw=done.stderr[-OUTPUT:]
    )
    _upload(channel, result, where, sorted(set(outputs)))
    print(done.returncode, *command.arguments, flush=True)
    return result


def _upload(channel: grpc.Channel, result: reapi.ActionResult, where: Path, outputs: list[str]) -> None:
    uploader = Uploader(channel)
    for path in outputs:
        file = where / path
        if file.is_dir():
            result.output_directories.add(path=path, tree_digest=uploader.upload_tree(str(file), queue=False))
        elif file.is_file():
            digest = uploader.upload_file(str(file), queue=False)
            result.output_files.add(path=path, digest=digest, is_executable=os.access(file, os.X_OK))
    uploader.close()


def main(port: str, folder: str, name: str) -> None:
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    bots = bots_pb2_grpc.BotsStub(channel)
    worker = worker_pb2.Worker(devices=[worker_pb2.Device(handle=name)])
    session = bots_pb2.BotSession(bot_id=name, status=bots_pb2.BotStatus.OK, worker=worker)
    session = bots.CreateBotSession(
        bots_pb2.CreateBotSessionRequest(parent="", bot_session=session), timeout=5, wait_for_ready=True
    )
    while True:
        for (
            lease
        ) in session.leases:  # the server gives no other leases than active ones to a bot that is idle
            action = reapi.Action()
            if not lease.payload.Unpack(action):
                raise ValueError(f"a lease of something else: {lease.payload.type_url}")
            lease.result.Pack(execute(channel, action, Path(folder, name)))
            lease.state = bots_pb2.LeaseState.COMPLETED
        request = bots_pb2.UpdateBotSessionRequest(name=session.name, bot_session=session)
        session = bots.UpdateBotSession(request, timeout=30)


if __name__ == "__main__":
    main(*sys.argv[1:])
