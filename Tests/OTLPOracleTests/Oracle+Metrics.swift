import Foundation
import OTLPMessages

extension WireMetric {
  var points: [MetricPoint] {
    switch data {
    case nil: []
    case .gauge(let gauge): gauge.points.map { point($0.attributes, $0.start, $0.time, $0.flags, .gauge($0.number)) }
    case .sum(let sum):
      sum.points.map {
        point(
          $0.attributes, $0.start, $0.time, $0.flags,
          .sum($0.number, sum.temporality.known, isMonotonic: sum.isMonotonic))
      }
    case .histogram(let histogram):
      histogram.points.map {
        point($0.attributes, $0.start, $0.time, $0.flags, .histogram($0.value, histogram.temporality.known))
      }
    case .exponentialHistogram(let histogram):
      histogram.points.map {
        point($0.attributes, $0.start, $0.time, $0.flags, .exponentialHistogram($0.value, histogram.temporality.known))
      }
    case .summary(let summary):
      summary.points.map {
        point($0.attributes, $0.start, $0.time, $0.flags, .summary(count: $0.count, sum: $0.sum))
      }
    }
  }

  private func point(
    _ attributes: [WireKeyValue], _ start: UInt64, _ time: UInt64, _ flags: UInt32, _ value: MetricPoint.Value
  ) -> MetricPoint {
    MetricPoint(
      name: name.text, unit: unit.text,
      attributes: attributes.map { MetricPoint.Attribute($0.key.text, $0.value.attributeValue) }
        .sorted { $0.key < $1.key },
      start: start, time: time, hasNoRecordedValue: flags % 2 == 1, value: value)
  }
}

extension WireTemporality {
  fileprivate var known: MetricPoint.Temporality {
    switch self {
    case .delta: .delta
    case .cumulative: .cumulative
    case .unspecified, .UNRECOGNIZED: .unspecified
    }
  }
}

extension WireNumberPoint {
  fileprivate var number: MetricPoint.Number? {
    switch value {
    case nil: nil
    case .real(let number): .double(number)
    case .whole(let number): .int(number)
    }
  }
}

extension WireHistogramPoint {
  fileprivate var value: MetricPoint.Histogram {
    MetricPoint.Histogram(
      .init(count: count, sum: hasSum ? sum : nil, min: hasMin ? min : nil, max: hasMax ? max : nil),
      bounds: bounds, bucketCounts: bucketCounts)
  }
}

extension WireExponentialPoint {
  fileprivate var value: MetricPoint.ExponentialHistogram {
    MetricPoint.ExponentialHistogram(
      .init(count: count, sum: hasSum ? sum : nil, min: hasMin ? min : nil, max: hasMax ? max : nil),
      scale: scale, zeroCount: zeroCount, zeroThreshold: zeroThreshold,
      positive: .init(offset: positive.offset, counts: positive.counts),
      negative: .init(offset: negative.offset, counts: negative.counts))
  }
}

extension WireAnyValue {
  var attributeValue: MetricPoint.AttributeValue {
    switch value {
    case .text(let text): .string(text.text)
    case .flag(let flag): .bool(flag)
    case .whole(let number): .int(number)
    case .real(let number): .double(number)
    case .octets(let bytes): .rendered(bytes.base64EncodedString())
    case nil, .array, .list, .index: .rendered(json)
    }
  }

  private var json: String {
    switch value {
    case nil, .index: "null"
    case .text(let text): Self.json(text.text)
    case .flag(let flag): flag ? "true" : "false"
    case .whole(let number): String(number)
    case .real(let number) where number.isFinite: number.description
    case .real(let number): number.isNaN ? #""NaN""# : #""\#(number < 0 ? "-" : "")Infinity""#
    case .octets(let bytes): "\"" + bytes.base64EncodedString() + "\""
    case .array(let array): "[" + array.values.map(\.json).joined(separator: ",") + "]"
    case .list(let list):
      "{" + list.values.map { Self.json($0.key.text) + ":" + $0.value.json }.joined(separator: ",") + "}"
    }
  }

  private static func json(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar.value {
      case 0x22: "\\\""
      case 0x5c: "\\\\"
      case ..<0x20: String(format: "\\u%04x", scalar.value)
      default: String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}

extension Data {
  fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
