import Observations
import Testing
import TraceContext

@testable import Verification

@Suite("The article's server as it is written")
struct AsWrittenTests {
  @Test("has a wrong entry span and echoes that name the broadcast, in chat")
  func chat() throws {
    var run = try MadeUpRun()
    run.add(
      run.exchange(
        MadeUpScenario.chat, shape: SpanShape.chatAsWritten(members: 3), echoNames: "chat.send_broadcast"))
    let verdict = run.verdict()
    #expect(verdict.counts == [.wrongEntrySpan: 1, .echoNamesWrongSpan: 1])
    #expect(verdict.tallies.tracesBroken == 1)
    #expect(verdict.tallies.classes == [.continued: 3])
  }

  @Test("shares one parent ID among all receivers, in typing")
  func typing() throws {
    var run = try MadeUpRun()
    run.add(
      run.exchange(
        MadeUpScenario.typing, shape: SpanShape.typingAsWritten(members: 3), echoNames: "chat.typing_indicator"))
    #expect(run.verdict().counts == [.wrongEntrySpan: 1, .echoNamesWrongSpan: 1, .sharedParent: 1])
  }

  @Test(
    "leaks typing's context into later receive spans",
    arguments: [
      ("before the trace is settled", false), ("after the trace is settled", true),
    ])
  func leak(_ label: String, isLate: Bool) throws {
    var run = try MadeUpRun()
    let exchange = run.exchange(
      MadeUpScenario.typing, shape: SpanShape.typingAsWritten(members: 3), echoNames: "chat.typing_indicator")
    run.add(exchange)
    if isLate {
      run.deliver()
      run.pass(seconds: 20)
      #expect(run.verifier.pending == 0)
    }
    let indicator = try #require(exchange.first("chat.typing_indicator"))
    for index in 0..<5 {
      let leaked = MadeUpSpan(
        id: run.freshSpanID(), parent: indicator.id, name: "HTTP /ws/chat/room-0/ websocket receive",
        kind: .internal, start: indicator.end + UInt64(index) * 1000, end: indicator.end + 10_000)
      run.addSpan(run.observation(leaked, in: exchange.traceID))
    }
    let verdict = run.verdict()
    #expect(
      verdict.counts == [.wrongEntrySpan: 1, .echoNamesWrongSpan: 1, .sharedParent: 1, .contextLeak: 1])
    #expect(verdict.tallies.tracesBroken == 1)
  }

  @Test("keeps no message open for ever whose context leaks for ever")
  func endlessLeak() throws {
    var run = try MadeUpRun()
    let exchange = run.exchange(MadeUpScenario.typing)
    run.add(exchange)
    run.deliver()
    let indicator = try #require(exchange.first("chat.typing_indicator"))
    for _ in 0..<40 {
      let leaked = MadeUpSpan(
        id: run.freshSpanID(), parent: indicator.id, name: "HTTP /ws/chat/room-0/ websocket receive", kind: .internal,
        start: indicator.end + 1_000_000_000, end: indicator.end + 2_000_000_000)
      run.addSpan(run.observation(leaked, in: exchange.traceID))
      run.deliver()
      run.pass(seconds: 1)
    }
    #expect(run.verifier.pending == 0)
    #expect(run.verdict().counts == [.contextLeak: 1])
  }

  @Test("is not accused of its background task's place alone where the tree is otherwise right")
  func backgroundTask() throws {
    var run = try MadeUpRun()
    var exchange = run.exchange()
    let process = try #require(exchange.first("chat.process_message"))
    exchange.change("chat.process_message_background") { $0.parent = process.id }
    run.add(exchange)
    #expect(run.verdict().counts == [.wrongParent: 1])
  }
}
