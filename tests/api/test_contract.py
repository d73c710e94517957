"""The HTTP API against its own OpenAPI document: whatever is asked, the answer is one that the document has."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# The same requests in every run.
SEED = "20261121"
# Requests for each operation and kind.
EXAMPLES = "60"
# Somebody who may do everything, so that more than the door is tested.
TOKEN = "token-of-an-approver-0123456789"


class Contract(unittest.TestCase):
    def test_every_answer_is_documented(self):
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "steadyline.yaml")
            config.write_text(f'''
listen: {{ console: "127.0.0.1:0", gateway: "127.0.0.1:0" }}
store: {{ path: {folder}/s.db }}
access: {{ people: {{ ben: {{ role: approver, token: {{ env: BEN_TOKEN }} }} }} }}
''')
            command = [os.environ["STEADYLINE"], "serve", "--config", str(config)]
            environment = os.environ | {"BEN_TOKEN": TOKEN}
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
            try:
                while not (found := re.search(r"console (http://\S+)", server.stdout.readline())):
                    pass
                url = found.group(1)
                fuzz = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--url", url, "--seed", SEED,
                        "--max-examples", EXAMPLES, "-H", f"Authorization: Bearer {TOKEN}", "--checks", "not_a_server_error,status_code_conformance,"
                        "content_type_conformance,response_schema_conformance", "--no-color", "--generation-database", "none"]
                done = subprocess.run(fuzz, capture_output=True, text=True, cwd=folder)
                self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-2000:])
            finally:
                server.terminate()
                server.wait()
                server.stdout.close()


if __name__ == "__main__":
    unittest.main()
