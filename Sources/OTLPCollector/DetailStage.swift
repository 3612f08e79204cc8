import OTLPMessages
import Observations

/// Collects what is watched of one body's spans: a detail is begun by the first part of its span that is watched.
struct DetailStage {
  private let watchesScope: Bool
  private var words = WordTable()
  private var details: [SpanDetail] = []
  /// Whether the last of `details` is that of a span whose other parts are still to come.
  private var isOpen = false
  /// What every detail of the scope begins as.
  private var blank = SpanDetail()
  /// The number of the detail that all spans share of which only the scope is known; 0 for none as yet.
  private var shared: UInt32 = 0

  init(_ watch: SpanWatch) { watchesScope = watch.scope }

  /// Begins a body.
  mutating func begin() {
    details.removeAll(keepingCapacity: true)
    isOpen = false
    shared = 0
  }

  mutating func beginScope(_ name: RawSpan) {
    guard watchesScope else { return }
    blank.scope = words.scope(name)
    shared = 0
  }

  /// Of equal keys the last counts, as with those of resources: it is what a map made of the list would hold.
  mutating func setAttribute(at place: Int, _ type: AttributeType, _ text: RawSpan) {
    guard place >= 0, place < SpanDetail.attributeLimit else { return }
    let value = words.value(AttributeDigest.ValueType(type), text)
    details[open()].attributes[place] = value
  }

  mutating func addLink(_ link: SpanDetail.SpanLink) {
    let index = open()
    let count = details[index].linkCount
    if count < SpanDetail.linkLimit { details[index].links[Int(count)] = link }
    details[index].linkCount = max(count, count &+ 1)
  }

  mutating func addEvent(_ name: RawSpan) {
    let index = open()
    let count = details[index].eventCount
    if count < SpanDetail.eventLimit { details[index].events[Int(count)] = words.event(name) }
    details[index].eventCount = max(count, count &+ 1)
  }

  /// Ends a span; one more than the place of its detail, or 0 where it has none.
  @inline(__always)
  mutating func finish() -> UInt32 {
    if isOpen {
      isOpen = false
      return UInt32(truncatingIfNeeded: details.count)
    }
    guard watchesScope else { return 0 }
    if shared == 0 {
      details.append(blank)
      shared = UInt32(truncatingIfNeeded: details.count)
    }
    return shared
  }

  /// Ends a span that is not handed on.
  mutating func drop() {
    if isOpen { details.removeLast() }
    isOpen = false
  }

  /// The body's details, which belong to the caller now.
  mutating func take() -> [SpanDetail] {
    guard !details.isEmpty else { return [] }
    let taken = details
    // The next body probably has as many; 4,096 take a megabyte.
    details = []
    details.reserveCapacity(min(taken.count, 4096))
    return taken
  }

  /// The words that no earlier call has returned.
  mutating func takeNewWords() -> [(index: WordIndex, text: String)] { words.takeUnannounced() }

  /// The place of the span's detail, which is begun where there is none.
  @inline(__always)
  private mutating func open() -> Int {
    if !isOpen {
      details.append(blank)
      isOpen = true
    }
    return details.count - 1
  }
}

extension AttributeDigest.ValueType {
  fileprivate init(_ type: AttributeType) {
    switch type {
    case .string: self = .string
    case .bool: self = .bool
    case .int: self = .int
    case .double: self = .double
    case .other: self = .other
    }
  }
}
