"""Snippets of the guides, as they are written there, against the Guide API: only the host is changed.

The guides are no part of this project. They are read from the folder in GUIDES; without one there is nothing to run.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "sdk" / "python"))
from support import Twin  # noqa: E402  (the same real binary, and the CRM behind it)

OPERATOR = "token-of-an-operator-0123456789"
GUIDES = Path(os.environ.get("GUIDES", "../../../shared/guides"))


def guide(number):
    """The text of a guide."""
    return next(GUIDES.glob(f"{number}_*.txt")).read_text()


def payload(text, after):
    """The JSON object that follows a line, as it is written."""
    at = text.index(after) + len(after)
    value, _ = json.JSONDecoder().raw_decode(text[text.index("{", at):].replace("\u201c", '"').replace("\u201d", '"'))
    return value


def written(text, after):
    """The same object, in the guide's own words."""
    at = text.index("{", text.index(after) + len(after))
    _, length = json.JSONDecoder().raw_decode(text[at:])
    return text[at:at + length]


class Guides(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.twin = Twin("--callers", "2", "--speed", "10")
        cls.twin.control("PATCH", "/twin/settings", {"ingestionLagMs": 0, "requestsPerMinute": 100_000})
        cls.folder = tempfile.TemporaryDirectory()
        cls.crm = f"http://127.0.0.1:{cls.twin.crm.server_port}"
        config = {
            "listen": {"console": "127.0.0.1:0", "gateway": "127.0.0.1:0"},
            "store": {"path": f"{cls.folder.name}/steadyline.db"},
            "access": {"people": {"ann": {"role": "operator", "token": {"env": "ANN_TOKEN"}}}},
            "degrade": {"upstreams": {"CRM": {"url": cls.crm}}},
            "platform": {
                "gateway": {"url": cls.twin.url},
                "client": {"id": "twin-client", "secret": {"env": "TWIN_SECRET"}},
                "requestsPerMinute": 10_000, "licences": {"Premium": 200, "cloudCX3": 200},
                "healthHosts": ["crm.example.com", "127.0.0.1"],
            },
        }
        Path(cls.folder.name, "steadyline.yaml").write_text(json.dumps(config))
        command = [os.environ["STEADYLINE"], "serve", "--config", f"{cls.folder.name}/steadyline.yaml"]
        environment = os.environ | {"TWIN_SECRET": "twin-secret", "ANN_TOKEN": OPERATOR}
        cls.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        while not (found := re.search(r"console (http://\S+)", cls.server.stdout.readline())):
            pass
        cls.url = found.group(1)
        cls.flow = cls.platform("/api/v2/flows")["entities"][0]["id"]
        cls.integration = cls.platform("/api/v2/integrations")["entities"][0]["id"]
        while cls.twin.control("GET", "/twin/calls?limit=1")["totals"]["answered"] < 3:
            pass

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.server.stdout.close()
        cls.twin.stop()
        cls.folder.cleanup()

    @classmethod
    def platform(cls, path):
        token = cls.curl("-u", "twin-client:twin-secret", "-d", "grant_type=client_credentials", f"{cls.twin.url}/oauth/token")
        return cls.curl("-H", f"Authorization: Bearer {token['access_token']}", cls.twin.url + path)

    @staticmethod
    def curl(*arguments):
        done = subprocess.run(["curl", "-s", *arguments], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def ask(self, method, path, body=None, token="TOKEN"):
        """A request as a reader of the guides would write it."""
        arguments = ["-X", method, "-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
        if body is not None:
            arguments += ["-d", body if isinstance(body, str) else json.dumps(body)]
        arguments += ["-w", '\n%{http_code}', self.url + path]
        done = subprocess.run(["curl", "-s", *arguments], capture_output=True, text=True, check=True)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(text)

    def test_the_healthcheck_of_an_integration(self):
        asked = payload(guide("000"), "POST /api/v2/integrations/{integrationId}/healthcheck")
        self.assertEqual(asked["timeoutMs"], 5000)
        asked["endpointUrl"] = f"{self.crm}/api/v1/status"
        status, told = self.ask("POST", f"/api/v2/integrations/{self.integration}/healthcheck", asked)
        self.assertEqual((status, told["statusCode"], told["healthy"], told["reachable"]), (200, 200, True, True), told)
        # The guide halts above 4000 ms whatever the status is.
        self.assertTrue(0 <= told["latencyMs"] <= 4000 and told["withinSla"])
        asked["endpointUrl"] = "http://127.0.0.1:9/nobody"
        status, told = self.ask("POST", f"/api/v2/integrations/{self.integration}/healthcheck", asked)
        self.assertEqual((status, told["healthy"], told["reachable"], told["statusCode"]), (200, False, False, None), told)
        asked["endpointUrl"] = "http://169.254.169.254/latest/meta-data"
        self.assertEqual(self.ask("POST", f"/api/v2/integrations/{self.integration}/healthcheck", asked)[0], 403)
        asked["endpointUrl"] = self.crm
        self.assertEqual(self.ask("POST", "/api/v2/integrations/nobody/healthcheck", asked)[0], 404)
        self.assertEqual(self.ask("POST", f"/api/v2/integrations/{self.integration}/healthcheck", "{")[0], 400)

    def test_the_validation_of_a_flow(self):
        shape = payload(guide("000"), "must contain a valid boolean field set to true.")
        status, told = self.ask("POST", f"/api/v2/flow/{self.flow}/validate")
        self.assertEqual((status, told["valid"], told["errors"]), (200, True, []), told)
        self.assertLessEqual(set(shape), set(told))
        self.twin.control("PATCH", "/twin/settings", {"preview": False})
        status, told = self.ask("POST", f"/api/v2/flow/{self.flow}/validate")
        self.assertEqual((status, told["source"], told["valid"]), (200, "lint", True), told)
        self.assertEqual(set(told["warnings"][0]), set(shape["warnings"][0]))
        self.twin.control("PATCH", "/twin/settings", {"preview": True})
        self.assertEqual(self.ask("POST", f"/api/v2/flow/{self.flow}/validate", {"version": "77.0"})[1]["valid"], False)
        self.assertEqual(self.ask("POST", "/api/v2/flow/nobody/validate")[0], 404)

    def test_the_usage_of_licences(self):
        asked = written(guide("000"), "GET /api/v2/usage/sessions/current")
        status, told = self.ask("GET", "/api/v2/usage/sessions/current", asked)
        self.assertEqual((status, told["licenseType"], told["total"], told["used"], told["available"]), (200, "Premium", 200, 0, 200))
        status, told = self.ask("GET", "/api/v2/usage/sessions/current?licenseType=cloudCX3&metric=activeUsers")
        self.assertEqual((told["used"], told["available"], told["availablePercent"]), (20, 180, 90.0))
        # How many were bought nobody has said: a gate finds no number.
        status, told = self.ask("GET", "/api/v2/usage/sessions/current?licenseType=cloudCX1")
        self.assertEqual((status, told["used"], told["total"], told["available"]), (200, 5, None, None))

    def test_the_lock_of_a_flow(self):
        acquire = payload(guide("000"), "Use the PATCH /api/v2/flow/{flowId}/lock endpoint")
        path = f"/api/v2/flow/{self.flow}/lock"
        status, told = self.ask("PATCH", path, acquire)
        self.assertEqual((status, told["locked"], told["owner"]), (200, True, acquire["owner"]), told)
        self.assertEqual(self.ask("PATCH", path, acquire), (200, told))
        status, refused = self.ask("PATCH", path, acquire | {"owner": "somebody else"})
        self.assertEqual((status, refused["details"][0]["entityName"]), (409, acquire["owner"]))
        self.assertEqual(refused["details"][0]["errorCode"], "flow.locked")
        self.assertEqual(self.ask("PATCH", path, acquire | {"action": "release"})[0], 200)
        self.assertIsNone(self.platform(f"/api/v2/flows/{self.flow}").get("lockedClient"))
        self.twin.control("PUT", f"/twin/flows/{self.flow}/lock", {"holder": "mary"})
        status, refused = self.ask("PATCH", path, acquire)
        self.assertEqual((status, refused["details"][0]["entityName"]), (409, "user-mary"), refused)
        token = self.curl("-u", "twin-client:twin-secret", "-d", "grant_type=client_credentials", f"{self.twin.url}/oauth/token")
        unlock = f"{self.twin.url}/api/v2/flows/actions/unlock?flow={self.flow}"
        self.curl("-X", "POST", "-H", f"Authorization: Bearer {token['access_token']}", unlock)

    def test_the_sessions_of_an_integration(self):
        status, told = self.ask("POST", f"/api/v2/integrations/{self.integration}/terminate")
        self.assertEqual((status, told["integrationId"], told["terminated"]), (200, self.integration, 0), told)
        self.assertEqual(self.ask("POST", "/api/v2/integrations/nobody/terminate")[0], 404)

    def test_the_deploy_gate_of_a_pipeline(self):
        text = guide("001")
        begins = text.index("#!/bin/bash")
        script = text[begins:text.index("\nfi\n", begins) + 4]
        script = script.replace("https://api.mypurecloud.com", self.url)
        self.assertIn("jq '.burnRate'", script)

        def gate():
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout.split(":")[0]

        # There is no such objective yet: closed.
        self.assertEqual(gate(), (1, "ERROR"))
        slo = payload(text, "JSON Payload for API-Driven SLO Creation:")
        slos = "/api/v2/observability/slos"
        self.assertEqual(self.ask("POST", slos, slo)[0], 401)
        status, told = self.ask("POST", slos, slo, OPERATOR)
        self.assertEqual((status, told["id"], told["sloTarget"]), (201, slo["id"], slo["sloTarget"]), told)
        self.assertEqual([entity["id"] for entity in self.ask("GET", slos)[1]["entities"]], [slo["id"]])
        # Nothing is known of it: closed.
        self.assertEqual(gate(), (1, "ERROR"))
        self.push(slo["id"], range(20, 0, -1), bad=0)
        self.assertEqual(gate(), (0, "SUCCESS"))
        status, told = self.ask("GET", f"{slos}/{slo['id']}/burnRate?startTime=now-30d&endTime=now")
        self.assertEqual((status, told["burnRate"], told["dataAvailable"]), (200, 0, True), told)
        # Ten of the twenty minutes are corrected: a tenth of their calls was bad. At 99.5 % that burns at ten.
        self.push(slo["id"], range(10, 0, -1), bad=10)
        self.assertEqual(gate(), (1, "ERROR"))
        status, told = self.ask("GET", f"{slos}/{slo['id']}/burnRate")
        self.assertEqual((status, told["burnRate"]), (200, 10), told)

    def push(self, slo, ago, bad):
        """A hundred calls in each minute so many minutes ago."""
        now = datetime.now(timezone.utc)
        minutes = [{"at": (now - timedelta(minutes=m)).isoformat(), "total": 100, "bad": bad} for m in ago]
        status, told = self.ask("POST", f"/api/v1/budget/{slo}/counts", {"minutes": minutes}, OPERATOR)
        self.assertEqual((status, told["taken"]), (200, len(minutes)), told)

    def test_the_error_rate_as_the_guide_computes_it(self):
        text = guide("002")
        asked = payload(text, "JSON Payload for Monitoring Query:")
        now = self.twin.control("GET", "/twin/clock")["now"]
        end = int(datetime.fromisoformat(now.replace("Z", "+00:00")).timestamp() * 1000)
        asked["interval"] = {"start": end - 3_600_000, "end": end}
        status, response = self.ask("GET", "/api/v2/analytics/measures/conversations", asked)
        self.assertEqual(status, 200, response)
        begins = text.index("error_count = response")
        code = text[begins:text.index("\n\n", text.index("trigger_rollback()", begins))]
        triggered = []
        names = {"response": response, "threshold": 0.05, "trigger_rollback": lambda: triggered.append(True)}
        exec(code.replace("\u2018", "'").replace("\u2019", "'"), names)
        self.assertEqual((names["error_count"], triggered), (0, []))
        self.assertGreater(response["data"][0]["values"]["conversation.count"], 2)
        for entity in ({"type": "flow", "id": self.flow}, {"type": "queue", "id": "nobody"}):
            self.assertEqual(self.ask("GET", "/api/v2/analytics/measures/conversations", asked | {"entity": entity})[0], 200)

    def test_versions_and_the_way_back(self):
        text = guide("002")
        status, page = self.ask("GET", f"/api/v2/architect/flows/{self.flow}/versions")
        self.assertEqual((status, page["entities"][0]["status"]), (200, "active"), page)
        live = page["entities"][0]["id"]
        asked = payload(text, "JSON Payload for Rollback Action:")
        path = f"/api/v2/architect/deployments/{self.flow}/versions"
        # The placeholder of the guide stands for the version of the path.
        status, told = self.ask("PATCH", f"{path}/{live}", asked)
        self.assertEqual((status, told["status"], told["version"]["id"]), (200, "active", live), told)
        token = self.curl("-u", "twin-client:twin-secret", "-d", "grant_type=client_credentials", f"{self.twin.url}/oauth/token")
        header = f"Authorization: Bearer {token['access_token']}"
        yaml = self.curl("-H", header, f"{self.twin.url}/api/v2/flows/{self.flow}/versions/{live}/configuration")["yaml"]
        saved = self.curl("-X", "POST", "-H", header, "-H", "Content-Type: application/json", "-d", json.dumps({"yaml": yaml}),
                          f"{self.twin.url}/api/v2/flows/{self.flow}/versions")["id"]
        status, told = self.ask("PATCH", f"{path}/{saved}", {"version": {"id": saved, "description": "new"}, "status": "active"})
        self.assertEqual((status, told["status"], told["previousVersion"]["id"]), (200, "active", live), told)
        _, page = self.ask("GET", f"/api/v2/architect/flows/{self.flow}/versions?status=published")
        before = [version["id"] for version in page["entities"] if version["status"] == "published"]
        self.assertIn(live, before)
        asked["version"]["id"] = live
        status, told = self.ask("PATCH", f"{path}/{live}", asked)
        self.assertEqual((status, told["status"], told["version"]["description"]), (200, "active", asked["version"]["description"]))
        self.assertEqual(self.ask("PATCH", f"{path}/99.0", {"status": "active"})[0], 404)
        self.assertEqual(self.ask("PATCH", f"{path}/{saved}", asked)[0], 400)

    def test_the_queries_of_a_drill(self):
        text = guide("003")
        asked = payload(text, "Body:\n")
        asked["filters"] = {}
        asked["metricDefinitions"][0]["windowSize"] = 3600
        status, told = self.ask("GET", "/api/v2/analytics/queries/my-query", asked)
        self.assertEqual((status, told["queryId"], told["results"][0]["metricName"]), (200, "my-query", "callDuration"), told)
        self.assertTrue(all(entry["avg"] > 0 for entry in told["results"][0]["data"]))
        second = text.index("GET /api/v2/analytics/queries/{queryId}", text.index("Body:\n"))
        asked = payload(text[second:], "Body:\n")
        # Of a region that nobody watches nothing is known, and no number is told.
        status, told = self.ask("GET", "/api/v2/analytics/queries/agents", asked)
        self.assertEqual((status, told["degraded"]), (503, True), told)
        asked["filters"]["regionId"] = "us-east-1"
        status, told = self.ask("GET", "/api/v2/analytics/queries/agents", asked)
        self.assertEqual((status, told["results"][0]["metricName"]), (200, "agentCount"), told)
        self.assertGreater(told["results"][0]["value"], 0)

    def test_what_is_not_known_is_said_so(self):
        self.twin.control("POST", "/twin/faults", {"target": "platform", "kind": "failure", "status": 503, "ttlMs": 600_000})
        try:
            arguments = ["-s", "-D", "-", "-o", "/dev/null", f"{self.url}/api/v2/architect/flows/{self.flow}/versions"]
            done = subprocess.run(["curl", *arguments], capture_output=True, text=True, check=True)
            self.assertIn("503", done.stdout.splitlines()[0])
            self.assertIn("retry-after:", done.stdout.lower())
        finally:
            self.twin.control("DELETE", "/twin/faults")

    def test_the_pipeline(self):
        """The steps of the guide's pipeline, as they are written, by the command that `shim install` writes."""
        text = guide("000")
        steps = re.findall(r"^- (genesys .+)$", text[text.index("stages:"):], re.MULTILINE)
        self.assertEqual(len(steps), 5, steps)
        example = Path(__file__).parent.parent.parent / "examples" / "flows" / "main-ivr.yaml"
        flow = example.read_text().replace("name: Main IVR", "name: new-feature-flow").replace("CRM:", "crm-integration:")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "flows").mkdir()
            file = Path(folder, "flows", "new-feature.yaml")
            file.write_text(flow)
            twin = Twin("--flow", str(file), "--integration", "crm-integration")
            self.addCleanup(twin.stop)
            # What is in the repository is not yet what callers get.
            file.write_text(flow.replace("Thank you for calling.", "Welcome."))
            organisation = {"gateway": {"url": twin.url}, "client": {"id": "twin-client", "secret": {"env": "TWIN_SECRET"}}}
            health = {"action": "CRM Lookup", "inputs": {"ani": "+15550100"}}
            config = {
                "platform": organisation | {"isProduction": False},
                "review": {
                    "targets": {"sandbox": organisation, "production": organisation},
                    "integrations": {"crm-integration": health},
                },
            }
            Path(folder, "steadyline.yaml").write_text(json.dumps(config))
            environment = os.environ | {
                "PATH": f"{folder}/bin:{os.environ['PATH']}", "TWIN_SECRET": "twin-secret",
                "STEADYLINE_SERVER": self.url, "STEADYLINE_TOKEN": OPERATOR,
            }
            run = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
            subprocess.run([os.environ["STEADYLINE"], "shim", "install", "--dir", "bin"], check=True, **run)
            for step in steps:
                done = subprocess.run(["sh", "-c", step], check=False, **run)
                # Nothing goes to production before a second person has approved it.
                expected = 4 if "production" in step else 0
                self.assertEqual(done.returncode, expected, f"{step}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    unittest.main()
