"""A twin, a system behind its Data Actions, and the official SDK as a judge between them."""

import inspect
import json
import os
import re
import subprocess
import threading
import urllib.request
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import PureCloudPlatformClientV2 as sdk
from dateutil.parser import isoparse

CLIENT, SECRET = "twin-client", "twin-secret"


class Crm(BaseHTTPRequestHandler):
    """Knows every caller as a gold customer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"accountTier": "gold", "customerName": "Ada"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Twin:
    """The real binary, on a free port."""

    def __init__(self, *arguments):
        self.crm = ThreadingHTTPServer(("127.0.0.1", 0), Crm)
        threading.Thread(target=self.crm.serve_forever, daemon=True).start()
        base_url = f"http://127.0.0.1:{self.crm.server_port}"
        command = [os.environ["STEADYLINE"], "twin", "--twin-listen", "127.0.0.1:0", "--base-url", base_url, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"http://\S+", line).group(0)
        self.port = int(self.url.rsplit(":", 1)[1])

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as response:
            text = response.read().decode()
        return json.loads(text) if text else None

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.crm.shutdown()
        self.crm.server_close()


class Judge(sdk.ApiClient):
    """The SDK's own client, which also notes what its models could not hold."""

    def __init__(self, twin):
        super().__init__()
        self.losses, self.operations = [], set()
        self.set_gateway("127.0.0.1", "http", twin.port, None, None)
        self.get_client_credentials_token(CLIENT, SECRET)

    def call_api(self, resource_path, method, *arguments, **named):
        # An operation that is refused is judged by its refusal, which the tests read into the SDK's error model.
        self.operations.add((method, resource_path))
        return super().call_api(resource_path, method, *arguments, **named)

    def deserialize(self, response, response_type):
        model = super().deserialize(response, response_type)
        try:
            raw = json.loads(response.data)
        except ValueError:
            raw = response.data
        self.losses += [f"{response_type}{loss}" for loss in lost(raw, self.sanitize_for_serialization(model))]
        return model


def lost(raw, held, at=""):
    """Where what came over the wire is not what the model holds."""
    if isinstance(raw, dict) and isinstance(held, dict):
        found = []
        for name, value in raw.items():
            if value is None:
                continue
            if name not in held:
                found.append(f"{at}.{name}: {json.dumps(value)[:80]} has no place")
            else:
                found += lost(value, held[name], f"{at}.{name}")
        return found
    if isinstance(raw, list) and isinstance(held, list):
        if len(raw) != len(held):
            return [f"{at}: {len(raw)} entries became {len(held)}"]
        return [loss for i, (one, other) in enumerate(zip(raw, held)) for loss in lost(one, other, f"{at}[{i}]")]
    return [] if same(raw, held) else [f"{at}: {raw!r} became {held!r}"]


def same(raw, held):
    if raw == held:
        return True
    if isinstance(raw, str) and isinstance(held, str):
        try:
            return moment(raw) == moment(held)
        except ValueError:
            return False
    return False


def moment(text):
    at = isoparse(text)
    return at.replace(tzinfo=None) if isinstance(at, (date, datetime)) else at


def methods():
    """Every operation of the SDK by its name, with the class that has it."""
    found = {}
    for name, api in inspect.getmembers(sdk, inspect.isclass):
        if name.endswith("Api"):
            for method, _ in inspect.getmembers(api, inspect.isfunction):
                if not method.startswith("_"):
                    found.setdefault(method, api)
    return found


METHODS = methods()


def caller(judge):
    """Calls an operation of the SDK by its name."""

    def call(operation, *arguments, **named):
        return getattr(METHODS[operation](judge), operation)(*arguments, **named)

    return call
