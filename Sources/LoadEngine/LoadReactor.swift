package import Observations
package import Planning

/// Runs one share of a load on the calling thread: it opens the connections, sends on time and observes.
///
/// It shares nothing but the sink and the control with other threads, and never judges.
package final class LoadReactor {
  // All state is in a struct: a class's own would be checked for exclusive access on each use, 1,400 instructions a
  // message.
  private var loop: LoadLoop

  package init(
    plan: Plan, settings: Settings, sink: any ObservationSink, control: LoadControl
  ) throws(LoadFault) {
    loop = try LoadLoop(plan: plan, settings: settings, sink: sink, control: control)
  }

  /// Runs the load to its end. Returns when every session is closed and every observation handed over.
  package func run() { loop.run() }
}
