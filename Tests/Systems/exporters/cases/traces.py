"""Spans of every sort by every way: what the verifier uses of them is what the SDK recorded."""

from collector import Collector
from judge import run
from spans import Services
from ways import WAYS


def spans(case, way, seed):
    with Collector() as collector:
        services = Services([way.exporter("spans", collector) for _ in range(2)], seed)
        services.close()
        report = collector.stop()
    case.clean(report)
    services.judge(case, report)
    case.equal("duplicates", report.document["duplicateSpans"], 0)
    case.seen = (
        f"{len(report.spans)} spans of {report.document['traces']} traces by {report.document['requests']} requests,"
        f" {len(services.unsampled)} unsampled ones not"
    )


run([(f"spans by {way.name}", spans, way, seed) for seed, way in enumerate(WAYS)])
