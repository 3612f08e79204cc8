import OTLPMessages
import Reactor
import Timing
import TraceContext

/// Work that a message leaves behind.
struct BackgroundTask {
  var due: Instant
  /// What its span is under, as it came through the task queue.
  var context: SpanContext
  /// Those of its message.
  var faults: FaultSet = []

  /// Nanoseconds after its message; all wait equally long, so they stay in order.
  static let delay: Int64 = 5_000_000
}

extension ReferenceServer {
  /// Runs the background tasks that are due.
  func runTasks(_ now: Instant) {
    while let task = tasks.first, task.due <= now {
      tasks.removeFirst()
      let mark = tracer.mark
      let background = tracer.begin("chat.process_message_background", .consumer, under: task.context)
      tracer.end(tracer.begin("chat.analyze_sentiment", under: background.context))
      tracer.end(background)
      if !task.faults.isEmpty {
        let spanFaults = SpanFaults(faults: task.faults, otherGroup: "")
        tracer.rewrite(since: mark, spanFaults.rewrite)
      }
    }
  }
}
