# SPDX-License-Identifier: Apache-2.0
"""Runs queries with the reference engine of the package `eql`.

Reads one JSON object a line: {"query": text, "streams": [[event, ...], ...]},
an event being [category, milliseconds, fields]. Writes for each query a line:
for each stream the matches, each a list of the events' process.pid.
"""
import json
import sys

import eql
from eql.parser import elasticsearch_syntax


def nested(fields):
    data = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return data


for line in sys.stdin:
    case = json.loads(line)
    with elasticsearch_syntax:
        query = eql.parse_query(case["query"])
    answers = []
    for stream in case["streams"]:
        matches = []
        engine = eql.PythonEngine()
        engine.add_query(query)
        engine.add_output_hook(
            lambda result: matches.append([event.data["process"]["pid"] for event in result.events])
        )
        # its times are in units of 100 ns
        events = [eql.Event(category, time * 10_000, nested(fields)) for category, time, fields in stream]
        engine.stream_events(events, finalize=True)
        answers.append(matches)
    print(json.dumps(answers))
