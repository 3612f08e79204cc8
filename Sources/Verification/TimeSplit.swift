import Timing

/// Where the response time of each message type went: along the path of spans that the last copy waited for.
///
/// All of the slowest messages are split, and of the others one in 32 once there are many.
struct TimeSplit {
  /// The parts of one message's response time, in nanoseconds.
  struct Parts {
    var responseTime: Int64 = 0
    /// Sent − due: this tool's own.
    var sendLag: Int64 = 0
    /// Between the send and the entry span, and between the end of the last span on the path and the copy.
    var outside: Int64 = 0
    /// Between the end of a span and the begin of one below it: queues, channel layers.
    var handOver: Int64 = 0
    /// By node of the message's rules: time in spans of it that no span below it accounts for.
    var own: [Int64]
  }

  /// Messages of about one response time, summed.
  fileprivate struct Band {
    var count = 0
    var sums: Parts
  }

  private struct Slow {
    var key: FindingLedger.Key
    var message: String
    var parts: Parts
  }

  private var bands: [[Int: Band]]
  private var slowest: [[Slow]]
  /// By type: what a message must be slower than to be among the slowest.
  private var bounds: [(responseTime: Int64, key: FindingLedger.Key)]
  private let nodeCounts: [Int]
  private var path = CriticalPath()

  /// Messages that are all split, from the first of each shard.
  private static let wholeUpTo: UInt32 = 4096
  private static let slowestLimit = 3

  init(_ rules: [MessageRules]) {
    bands = Array(repeating: [:], count: rules.count)
    slowest = Array(repeating: [], count: rules.count)
    bounds = Array(repeating: (.min, 0), count: rules.count)
    nodeCounts = rules.map(\.nodes.count)
  }

  /// Whether a message of this response time is split.
  func wants(_ sequence: UInt32, type: Int, responseTime: Int64, key: FindingLedger.Key) -> Bool {
    Self.isSampled(sequence) || isSlow(responseTime, key, type)
  }

  private static func isSampled(_ sequence: UInt32) -> Bool { sequence < wholeUpTo || sequence % 32 == 0 }

  private func isSlow(_ responseTime: Int64, _ key: FindingLedger.Key, _ type: Int) -> Bool {
    responseTime > bounds[type].responseTime || responseTime == bounds[type].responseTime && key < bounds[type].key
  }

  /// Splits a message's time.
  ///
  /// - Parameters:
  ///   - fit: of its trace, which is as it should be.
  ///   - target: the place of the span that sent the last copy.
  mutating func add(
    type: Int, key: FindingLedger.Key, sequence: UInt32, sendLag: Int64, responseTime: Int64,
    _ trace: borrowing GatheredTrace<SpanRow>, _ fit: borrowing TraceFit, target: Int,
    message: @autoclosure () -> String
  ) {
    var parts = Parts(responseTime: responseTime, sendLag: sendLag, own: Array(repeating: 0, count: nodeCounts[type]))
    let available = responseTime &- sendLag
    path.prepare(trace, fit)
    var end = trace[target].pointee.end
    guard var inside = path.walk(to: target, endingAt: end, trace, fit, &parts) else { return }
    if inside > available {
      // It sent the copy before it ended: what came after is not on the path.
      end -= min(end, UInt64(clamping: inside &- available))
      guard end >= trace[target].pointee.start else { return }
      (parts.handOver, parts.own) = (0, Array(repeating: 0, count: nodeCounts[type]))
      guard let cut = path.walk(to: target, endingAt: end, trace, fit, &parts), cut <= available else { return }
      inside = cut
    }
    parts.outside = available &- inside
    if Self.isSampled(sequence) {
      bands[type][
        Self.band(of: responseTime), default: Band(sums: Parts(own: Array(repeating: 0, count: nodeCounts[type])))
      ]
      .add(parts)
    }
    guard isSlow(responseTime, key, type) else { return }
    let slow = Slow(key: key, message: message(), parts: parts)
    let place =
      slowest[type].firstIndex { (-$0.parts.responseTime, $0.key) > (-responseTime, key) } ?? slowest[type].count
    slowest[type].insert(slow, at: place)
    if slowest[type].count > Self.slowestLimit { slowest[type].removeLast() }
    if slowest[type].count == Self.slowestLimit, let last = slowest[type].last {
      bounds[type] = (last.parts.responseTime, last.key)
    }
  }

  /// Eight bands to each doubling.
  private static func band(of nanoseconds: Int64) -> Int {
    let value = UInt64(clamping: max(nanoseconds, 8))
    let octave = 63 - value.leadingZeroBitCount
    return octave * 8 + Int(value >> UInt64(octave - 3) & 7)
  }

  /// What was found, for the types of which anything was.
  func summaries(_ rules: [MessageRules]) -> [TimeSplitSummary] {
    rules.indices.compactMap { type in
      guard let typical = parts(type, atPercentile: 50), let slow = parts(type, atPercentile: 99) else { return nil }
      let columns = [typical, slow] + slowest[type].map(\.parts)
      func row(_ name: String, depth: Int, _ value: (Parts) -> Int64) -> TimeSplitSummary.Row {
        TimeSplitSummary.Row(name: name, depth: depth, nanoseconds: columns.map(value))
      }
      var rows = [
        row("response time", depth: 0, \.responseTime), row("send lag (this tool)", depth: 1, \.sendLag),
        row("outside of spans: network, queues", depth: 1, \.outside),
        row("between spans: hand-over", depth: 1, \.handOver),
      ]
      for (index, node) in rules[type].nodes.enumerated() where columns.contains(where: { $0.own[index] > 0 }) {
        rows.append(row(node.name, depth: 1 + rules[type].depth(of: index)) { $0.own[index] })
      }
      return TimeSplitSummary(
        type: rules[type].name, messages: bands[type].values.reduce(0) { $0 + $1.count },
        slowest: slowest[type].map(\.message), rows: rows)
    }
  }

  /// The mean of the band that a percentile lies in.
  private func parts(_ type: Int, atPercentile percentile: Double) -> Parts? {
    let total = bands[type].values.reduce(0) { $0 + $1.count }
    guard total > 0 else { return nil }
    let rank = Double(total) * percentile / 100
    var sum = 0
    for (_, band) in bands[type].sorted(by: { $0.key < $1.key }) {
      sum += band.count
      if Double(sum) >= rank { return band.mean }
    }
    return nil
  }
}

extension TimeSplit.Band {
  fileprivate mutating func add(_ parts: TimeSplit.Parts) {
    count += 1
    sums.responseTime &+= parts.responseTime
    sums.sendLag &+= parts.sendLag
    sums.outside &+= parts.outside
    sums.handOver &+= parts.handOver
    for index in sums.own.indices { sums.own[index] &+= parts.own[index] }
  }

  fileprivate var mean: TimeSplit.Parts {
    let count = Int64(count)
    return TimeSplit.Parts(
      responseTime: sums.responseTime / count, sendLag: sums.sendLag / count, outside: sums.outside / count,
      handOver: sums.handOver / count, own: sums.own.map { $0 / count })
  }
}

/// Where the response time of one message type went, at its median, at p99 and for the slowest messages.
package struct TimeSplitSummary: Hashable, Sendable {
  package struct Row: Hashable, Sendable {
    /// A span's name as the scenario has it, or what lies outside of all.
    package var name: String
    package var depth: Int
    /// At p50, at p99, and of each of the slowest messages.
    package var nanoseconds: [Int64]
  }

  package var type: String
  /// Messages that were split.
  package var messages: Int
  /// Text ids of the slowest messages, the slowest first.
  package var slowest: [String]
  package var rows: [Row]
}
