"""Instruments of every sort by every way and both temporalities: what they amount to is what the SDK was told."""

import bisect
import collections
import math
import random

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import (
    Counter, Histogram, MeterProvider, ObservableCounter, ObservableGauge, ObservableUpDownCounter, UpDownCounter,
)  # fmt: skip
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from collector import Collector
from judge import run
from ways import WAYS

PERIODS = 3
MEASUREMENTS = 200  # a period
RESOURCE = Resource({"service.name": "metered", "service.instance.id": "é/1"})
EXPORTER = "metered/é/1"
SCOPE = "shop.metrics"
DEFAULT_BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]  # of every SDK
OWN_BOUNDS = [-1.5, 0.25, 1e6]
ATTRIBUTES = [{}, {"kind": "größer"}, {"kind": "a", "ok": True, "n": -3}]
SORTS = [Counter, UpDownCounter, Histogram, ObservableCounter, ObservableUpDownCounter]
TEMPORALITIES = {
    "cumulative": dict.fromkeys([*SORTS, ObservableGauge], AggregationTemporality.CUMULATIVE),
    "delta": dict.fromkeys(SORTS, AggregationTemporality.DELTA),
}


class Truth:
    """What the SDK was told, by series."""

    def __init__(self):
        self.numbers = {}
        self.measurements = collections.defaultdict(list)

    def key(self, name, attributes):
        texts = {key: str(value).lower() if value is True else str(value) for key, value in attributes.items()}
        return (EXPORTER, SCOPE, name, tuple(sorted(texts.items())))

    def add(self, name, attributes, amount):
        key = self.key(name, attributes)
        self.numbers[key] = self.numbers.get(key, 0) + amount

    def set(self, name, attributes, value):
        self.numbers[self.key(name, attributes)] = value

    def measure(self, name, attributes, value):
        self.measurements[self.key(name, attributes)].append(value)


class Instruments:
    def __init__(self, meter, truth):
        self.truth = truth
        self.counters = [
            meter.create_counter("orders", "{order}"), meter.create_counter("weight", "kg"),
            meter.create_counter("nanoseconds", "ns"),
        ]  # fmt: skip
        self.up_down = meter.create_up_down_counter("open")
        self.gauge = meter.create_gauge("temperature", "Cel")
        self.histograms = [
            meter.create_histogram("duration", "ms"),
            meter.create_histogram("size", "By", explicit_bucket_boundaries_advisory=OWN_BOUNDS),
            meter.create_histogram("exponential", "s"),
            meter.create_histogram("exponential.coarse", "s"),
        ]
        self.read = self.level = 0
        meter.create_observable_counter("bytes.read", [lambda _: [Observation(self.read, ATTRIBUTES[1])]], "By")
        meter.create_observable_gauge("fill.level", [lambda _: [Observation(self.level, ATTRIBUTES[2])]])

    def measure(self, dice):
        """One measurement by everything. All numbers are sums of powers of two, which add up exactly."""
        attributes = dice.choice(ATTRIBUTES)
        self.tell(self.counters[0], "add", attributes, dice.randrange(1000))
        self.tell(self.counters[1], "add", attributes, dice.randrange(1000) / 8)
        self.tell(self.counters[2], "add", attributes, dice.randrange(1 << 53))  # in all more than a double holds
        self.tell(self.up_down, "add", attributes, dice.randrange(-50, 50))
        self.gauge.set(value := dice.randrange(-400, 400) / 4, attributes)
        self.truth.set("temperature", attributes, value)
        self.read += dice.randrange(1 << 20)
        self.level = dice.random()
        self.truth.set("bytes.read", ATTRIBUTES[1], self.read)
        self.truth.set("fill.level", ATTRIBUTES[2], self.level)
        values = [
            dice.choice([0, 5, 7.5, 10000, 10001, dice.randrange(12000)]),
            dice.choice([0, 0.25, 0.5, 1e6, 1e6 + 1]),
            dice.choice([0, dice.randrange(1, 100) / 4]),
            math.ldexp(1 + dice.randrange(1024) / 1024, dice.randrange(-16, 16)),
        ]
        for histogram, value in zip(self.histograms, values):
            histogram.record(value, attributes)
            self.truth.measure(histogram.name, attributes, value)

    def tell(self, instrument, verb, attributes, amount):
        getattr(instrument, verb)(amount, attributes)
        self.truth.add(instrument.name, attributes, amount)


def explicit(values, bounds):
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect.bisect_left(bounds, value)] += 1
    return counts


def exponential(values, scale):
    """By index of the bucket: (base ** index, base ** (index + 1)], where base is 2 ** 2 ** -scale."""
    counts = collections.Counter()
    for value in filter(None, values):
        fraction, exponent = math.frexp(value)  # value = fraction · 2 ** exponent, 0.5 ≤ fraction < 1
        if fraction == 0.5:  # a power of two is the upper bound of its bucket, exactly
            index = math.ceil(math.ldexp(exponent - 1, scale)) - 1
        else:
            index = math.floor(math.ldexp(exponent + math.log2(fraction), scale))
        counts[index] += 1
    return counts


def buckets(side):
    """As the report tells them, by index."""
    return {side["offset"] + place: count for place, count in enumerate(side["counts"]) if count}


def judge_histogram(case, key, series, values):
    name = key[2]
    case.equal(f"count of {key}", series["count"], len(values))
    for what, total in (("sum", sum(values)), ("min", min(values)), ("max", max(values))):
        case.equal(f"{what} of {key}", series.get(what), total)
    if not name.startswith("exponential"):
        bounds = OWN_BOUNDS if name == "size" else DEFAULT_BOUNDS
        case.equal(f"kind of {key}", series["kind"], "histogram")
        case.equal(f"bounds of {key}", series["bounds"], bounds)
        case.equal(f"buckets of {key}", series["counts"], explicit(values, bounds))
        return
    case.equal(f"kind of {key}", series["kind"], "exponentialHistogram")
    case.equal(f"zeros of {key}", series["zeroCount"], values.count(0))
    case.equal(f"buckets of {key}", buckets(series["positive"]), exponential(values, series["scale"]))
    case.equal(f"negative buckets of {key}", buckets(series["negative"]), {})


def sdk_scales(reader):
    """What the SDK itself makes of all measurements, of which nothing was reset."""
    return {
        tuple([metric.name, len(point.attributes)]): point.scale
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if metric.name.startswith("exponential")
    }


def metrics(case, way, temporality, seed):
    dice = random.Random(seed)
    truth = Truth()
    with Collector() as collector:
        reader = way.metric_reader(collector, preferred_temporality=TEMPORALITIES[temporality])
        beside = InMemoryMetricReader()
        views = [
            View(instrument_name="exponential*", aggregation=ExponentialBucketHistogramAggregation(max_size=160)),
        ]
        provider = MeterProvider([reader, beside], RESOURCE, shutdown_on_exit=False, views=views)
        instruments = Instruments(provider.get_meter(SCOPE, "1.0"), truth)
        for _ in range(PERIODS):
            for _ in range(MEASUREMENTS):
                instruments.measure(dice)
            reader.force_flush()
        scales = sdk_scales(beside)
        provider.shutdown()
        report = collector.stop()
    case.clean(report)
    series = report.series()
    case.equal("series", series.keys(), truth.numbers.keys() | truth.measurements.keys())
    for key in truth.numbers.keys() & series.keys():
        case.equal(f"value of {key}", series[key]["value"], truth.numbers[key])
        case.equal(f"kind of {key}", series[key]["kind"], "gauge" if key[2] in ("temperature", "fill.level") else "sum")
    for key in truth.measurements.keys() & series.keys():
        judge_histogram(case, key, series[key], truth.measurements[key])
        if temporality == "cumulative" and key[2].startswith("exponential"):
            case.equal(f"scale of {key}", series[key]["scale"], scales[key[2], len(key[3])])
    books = report.exporter(EXPORTER)
    case.equal("requests", books["requests"], PERIODS)
    case.equal("data points", books["dataPoints"], PERIODS * len(series))
    case.seen = (
        f"{books['dataPoints']} data points of {len(series)} series, {MEASUREMENTS * PERIODS} measurements each sort"
    )


run(
    (f"metrics by {way.name}, {temporality}", metrics, way, temporality, seed)
    for seed, way in enumerate(WAYS)
    for temporality in TEMPORALITIES
)
