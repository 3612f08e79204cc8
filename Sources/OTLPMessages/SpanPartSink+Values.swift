// How values are written for the sink; see `AttributeType`.
extension SpanPartSink where Self: ~Copyable {
  @inline(__always)
  mutating func append(_ flag: Bool, at place: Int) {
    let word: StaticString = flag ? "true" : "false"
    word.withUTF8Buffer { appendAttribute(at: place, .bool, text: UnsafeRawBufferPointer($0).bytes) }
  }

  @inline(__always)
  mutating func append(_ number: Int64, at place: Int) {
    let text = DecimalText(number)
    appendAttribute(at: place, .int, text: text.bytes.span.bytes.extracting(text.range))
  }

  /// Allocates for a number of more than 15 characters.
  mutating func append(_ number: Double, at place: Int) {
    var text = number.description
    text.withUTF8 { appendAttribute(at: place, .double, text: UnsafeRawBufferPointer($0).bytes) }
  }

  /// - Parameter value: nil where it is beyond its bounds.
  mutating func append(_ value: AnyValue?, at place: Int) {
    switch value {
    case .string(var text):
      text.withUTF8 { appendAttribute(at: place, .string, text: UnsafeRawBufferPointer($0).bytes) }
    case .bool(let flag): append(flag, at: place)
    case .int(let number): append(number, at: place)
    case .double(let number): append(number, at: place)
    case nil, .some(.none), .bytes, .array, .list:
      var text = value?.boundedText ?? WatchedParts.oversize
      text.withUTF8 { appendAttribute(at: place, .other, text: UnsafeRawBufferPointer($0).bytes) }
    }
  }
}

extension AnyValue {
  /// What `read` reads; nil where that is beyond the bounds of `AnyValueBudget`.
  static func bounded(_ read: () throws(ScanError) -> AnyValue) throws(ScanError) -> AnyValue? {
    do throws(ScanError) {
      return try read()
    } catch {
      switch error {
      case .tooLarge, .tooDeep: return nil
      case .truncated, .overlongVarint, .group, .invalidTag, .invalidUTF8, .syntax, .wrongType, .outOfRange:
        throw error
      }
    }
  }

  /// The text of bytes, an array, a list or nothing; nil for the others, and where it is too long.
  fileprivate var boundedText: String? {
    guard case .rendered(let text) = attributeValue, text.utf8.count <= MetricLimit.textBytes.rawValue else {
      return nil
    }
    return text
  }
}
