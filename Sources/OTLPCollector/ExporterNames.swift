import Observations

/// Numbers exporters, by service name and instance, in the order in which they first appear; shared by what reads
/// traces, metrics and logs.
final class ExporterNames: @unchecked Sendable {
  // Used on the collector's one thread only.

  /// Stands for every exporter that no longer fits.
  static let overflow = UInt16.max

  private var table = TextTable(countLimit: Int(overflow), byteLimit: 8 << 20)
  private var text: [UInt8] = []
  private var known = 0
  private var unannounced: [(service: String, instance: String)] = []

  /// The number of an exporter.
  func index(service: RawSpan, instance: RawSpan) -> UInt16 {
    text.removeAll(keepingCapacity: true)
    if service.isEmpty {
      // The name that every SDK gives a service without one (OTel semantic conventions, service.name).
      text.append(contentsOf: "unknown_service".utf8)
    } else {
      service.withUnsafeBytes { text.append(contentsOf: $0) }
    }
    let nameEnd = text.count
    if !instance.isEmpty {
      text.append(UInt8(ascii: "/"))
      instance.withUnsafeBytes { text.append(contentsOf: $0) }
    }
    let whole = text
    guard let index = table.index(of: whole.span.bytes) else { return Self.overflow }
    if Int(index) == known {
      known += 1
      unannounced.append(
        (
          service: String(decoding: whole[..<nameEnd], as: UTF8.self),
          instance: String(decoding: whole[min(nameEnd + 1, whole.count)...], as: UTF8.self)
        ))
    }
    return UInt16(truncatingIfNeeded: index)
  }

  /// The exporters that are new since the last call, in the order of their numbers.
  func takeUnannounced() -> [(service: String, instance: String)] {
    defer { unannounced = [] }
    return unannounced
  }

  /// The same as texts, for whoever takes spans; they have calls of their own.
  func takeUnannouncedTexts() -> [(index: UInt16, text: String)] {
    table.takeUnannounced().map { (index: UInt16(truncatingIfNeeded: $0.index), text: $0.text) }
  }
}
