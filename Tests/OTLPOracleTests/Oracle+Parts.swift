import Foundation
import OTLPMessages
import SwiftProtobuf

extension WireSpan {
  /// What our scanner is told to watch. The schema has these parts as bytes, for they are read only so far.
  var parts: SpanParts {
    get throws {
      var parts = SpanParts()
      for attribute in attributes {
        guard let place = SpanParts.keys.firstIndex(of: try attribute.fields.first.text) else { continue }
        parts.attributes.append(try WireKeyValue(serializedBytes: attribute).value.watched(at: place))
      }
      parts.links = try links.map { link in
        let (trace, span) = try link.fields
        return trace.count == 16
          ? [Self.number(trace.prefix(8)), Self.number(trace.suffix(8)), Self.number(span, count: 8)]
          : [0, 0, Self.number(span, count: 8)]
      }
      parts.events = try events.map { Array(try $0.fields.second) }
      return parts
    }
  }

  /// Zero where there are not so many bytes.
  private static func number(_ bytes: Data, count: Int) -> UInt64 { bytes.count == count ? number(bytes) : 0 }
}

extension Data {
  /// The fields 1 and 2 of a message, where those are bytes: a Scope's, and so those of an attribute, a link or an
  /// event, whose other fields are of no interest.
  fileprivate var fields: (first: Data, second: Data) {
    get throws {
      let message = try WireScope(serializedBytes: self)
      return (message.name, message.version)
    }
  }

  fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}

extension WireAnyValue {
  fileprivate func watched(at place: Int) -> SpanParts.WatchedValue {
    let (type, text): (AttributeType, [UInt8]) =
      switch value {
      case .text(let bytes): (.string, Array(bytes))
      case .flag(let flag): (.bool, Array("\(flag)".utf8))
      case .whole(let number): (.int, Array("\(number)".utf8))
      case .real(let number): (.double, Array("\(number)".utf8))
      case nil, .array, .list, .octets, .index: (.other, rendered)
      }
    return SpanParts.WatchedValue(place: place, type: "\(type)", text: text)
  }

  private var rendered: [UInt8] {
    guard case .rendered(let text) = attributeValue else { return [] }
    return Array(text.utf8)
  }
}
