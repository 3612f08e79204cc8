import Observations
import Scenarios
import TestInputs
import Testing
import Timing

@testable import Verification

@Suite("Copies")
struct DeliveryTests {
  static let within: Int64 = 2_000_000_000

  @Test(
    "are received, late, lost or duplicate",
    arguments: [
      ("all in time", [1, 1, 1], 3, 0, 0, 0),
      ("just in time", [within, within, within], 3, 0, 0, 0),
      ("one a nanosecond too late is lost", [1, 1, within + 1], 2, 1, 1, 0),
      ("one missing", [1, 1], 2, 1, 0, 0),
      ("none", [], 0, 3, 0, 0),
      ("one too many", [1, 1, 1, 1], 3, 0, 0, 1),
      ("two too many, and late", [1, 1, 1, within + 5, within + 9], 3, 0, 0, 2),
      ("all late", [within + 1, within + 1, within + 1], 0, 3, 3, 0),
    ] as [(String, [Int64], Int, Int, Int, Int)])
  func copies(_ label: String, arrivals: [Int64], received: Int, lost: Int, late: Int, duplicate: Int) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(members: 3)
    let echo = exchange.echoes[0]
    exchange.echoes = arrivals.enumerated().map { index, arrival in
      var copy = index < 3 ? exchange.echoes[index] : echo
      copy.afterNanoseconds = arrival
      return copy
    }
    run.add(exchange)
    let tallies = run.verdict().tallies
    #expect(tallies.copiesExpected == 3)
    #expect(tallies.copiesReceived == received)
    #expect(tallies.copiesLost == lost)
    #expect(tallies.copiesLate == late)
    #expect(tallies.copiesDuplicate == duplicate)
    #expect(tallies.copiesExpected == tallies.copiesReceived + tallies.copiesLost)
    #expect(tallies.messagesEchoed + tallies.messagesLost == 1)
    #expect(tallies.messagesLost == (lost > 0 ? 1 : 0))
  }

  @Test("of a group go to each member: a second one on a connection does not stand for another's")
  func copiesToTheSameMember() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange(members: 3)
    exchange.echoes[2].connection = exchange.echoes[0].connection
    run.add(exchange)
    let tallies = run.verdict().tallies
    #expect(tallies.copiesReceived == 2)
    #expect(tallies.copiesLost == 1)
    #expect(tallies.copiesDuplicate == 1)
  }

  @Test("that come after their message was given up stay lost")
  func copiesAfterTheEnd() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let echoes = exchange.echoes
    exchange.echoes = []
    run.add(exchange)
    run.deliver()
    run.pass(seconds: 20)
    #expect(run.verifier.pending == 0)
    exchange.echoes = echoes
    run.addEchoes(exchange)
    let tallies = run.verdict().tallies
    #expect(tallies.copiesLost == 3)
    #expect(tallies.copiesReceived == 0)
    #expect(tallies.copiesLate == 3)
  }

  @Test("that are repeated share no parent ID with themselves")
  func repeatedCopies() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.echoes += exchange.echoes
    run.add(exchange)
    let verdict = run.verdict()
    #expect(verdict.counts == [.copyDuplicated: 1])
    #expect(verdict.tallies.copiesDuplicate == 3)
  }

  @Test("of messages are counted so that sent = echoed + lost, whatever is lost", arguments: 0..<20)
  func everyMessageIsCountedOnce(seed: Int) throws {
    var generator = Dice(seed: UInt64(seed))
    var run = try MadeUpRun()
    for _ in 0..<50 {
      var exchange = run.exchange(UInt8.random(in: 0...3, using: &generator))
      exchange.echoes.removeAll { _ in Int.random(in: 0..<10, using: &generator) == 0 }
      for index in exchange.echoes.indices where Bool.random(using: &generator) {
        exchange.echoes[index].afterNanoseconds = Int64.random(in: 1..<4_000_000_000, using: &generator)
      }
      if Bool.random(using: &generator) { exchange.echoes.append(contentsOf: exchange.echoes.prefix(1)) }
      run.add(exchange)
      if Bool.random(using: &generator) {
        run.deliver()
        run.pass(seconds: Int64.random(in: 0..<5, using: &generator))
      }
    }
    let tallies = run.verdict().tallies
    #expect(tallies.messagesSent == 50, "seed \(seed)")
    #expect(
      tallies.messagesSent == tallies.messagesEchoed + tallies.messagesLost + tallies.messagesWithoutEcho,
      "seed \(seed)")
    #expect(tallies.copiesExpected == tallies.copiesReceived + tallies.copiesLost, "seed \(seed)")
  }

  @Test("that nobody listened for long enough are not lost", arguments: [(2.0, false), (2.5, true)])
  func interrupted(seconds: Double, isLost: Bool) throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.echoes.removeLast()
    run.add(exchange)
    run.deliver()
    let end = run.now.advanced(byNanoseconds: Int64(seconds * 1e9))
    let verdict = run.verifier.finish(droppedDeliveries: 0, collector: CollectorBooks(), heardUntil: end)
    #expect(verdict.counts == (isLost ? [.copyLost: 1] : [:]))
  }

  @Test("without groups are in order with themselves alone")
  func orderWithoutGroups() throws {
    let yaml = """
      name: broadcast
      target: { url: "ws://127.0.0.1:8000/" }
      load: { connections: 2, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        all: { body: { id: "{{ message.id }}" }, echo: { match: { id: "{{ message.id }}" }, copies: 2 } }
      """
    var run = MadeUpRun(try Scenario(yaml: yaml, file: "broadcast.yaml"))
    var (first, second) = (run.exchange(0, connection: 0, members: 2), run.exchange(0, connection: 1, members: 2))
    (first.spans, second.spans) = ([], [])
    run.add(second)
    run.add(first)
    #expect(run.verdict().counts == [:])
  }

  @Test("leave warm-up out of the latencies, and nothing else")
  func warmUp() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    exchange.isWarmUp = true
    run.add(exchange)
    run.add(run.exchange())
    let verdict = run.verdict()
    #expect(verdict.measurements.sendLag.count == 1)
    #expect(verdict.measurements.responseTime.count == 3)
    #expect(verdict.measurements.serviceTime.count == 3)
    #expect(verdict.tallies.messagesSent == 2)
    #expect(verdict.tallies.tracesComplete == 2)
  }
}
