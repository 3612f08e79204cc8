import OTLPMessages
import Reactor
import TraceContext
import WebSocketProtocol

/// The life of a session, and what goes out on it.
extension ReferenceServer {
  func join(_ slot: Int, _ client: Client, room name: String, _ upgrade: ServerHandshake.Upgrade) {
    let number: Int
    if let known = roomNumbers[name] {
      number = known
    } else {
      number = rooms.count
      rooms.append(ChatRoom(name: name, path: "/ws/chat/\(name)/"))
      roomNumbers[name] = number
    }
    let parent = upgrade.first("traceparent").flatMap { try? Traceparent($0) }.map { SpanContext(received: $0) }
    let server = tracer.begin(
      rooms[number].serverSpanName, .server, under: parent, attributes: rooms[number].attributes)
    client.serverSpan = server
    tracer.end(tracer.begin(rooms[number].receiveSpanName, under: server.context))
    tracer.end(tracer.begin("chat.join_group", under: server.context, attributes: rooms[number].groupAttributes))
    let connect = tracer.begin("websocket.connect", .server, under: server.context)
    tracer.end(tracer.begin(rooms[number].sendSpanName, under: connect.context))
    tracer.end(connect, status: isAsWritten ? .ok : .unset)
    client.connectSpan = connect
    client.room = number
    rooms[number].members.append(slot)
    let agreement = acceptsCompression ? upgrade.acceptableCompression : nil
    let subprotocol = upgrade.subprotocols.first { subprotocols.contains($0) }
    transmit(ServerHandshake.acceptance(of: upgrade, compression: agreement, subprotocol: subprotocol), on: slot)
    if let agreement { client.decoder.use(Compression(agreement, role: .server, pool: compressionPool)) }
    beginWait(client)
  }

  /// A receive span of the ASGI kind times the wait for the next frame.
  func beginWait(_ client: Client) {
    guard client.stream.descriptor >= 0, let room = client.room, let server = client.serverSpan else { return }
    client.wait = tracer.begin(rooms[room].receiveSpanName, under: client.leaked ?? server.context)
  }

  func endWait(_ client: Client) {
    if let wait = client.wait { tracer.end(wait) }
    client.wait = nil
  }

  func refuse(_ slot: Int, _ status: UInt16) {
    transmit(ServerHandshake.refusal(status: status), on: slot)
    disconnect(slot, code: .abnormal)
  }

  func disconnect(_ slot: Int, code: CloseCode) {
    guard let client = leave(slot), let room = client.room, let server = client.serverSpan else { return }
    let disconnect = tracer.begin(
      "websocket.disconnect", .server, under: (isAsWritten ? client.connectSpan : server)?.context,
      attributes: [Attribute("websocket.close_code", .int(Int64(code.rawValue)))])
    tracer.end(tracer.begin("chat.leave_group", under: disconnect.context, attributes: rooms[room].groupAttributes))
    tracer.end(disconnect, status: isAsWritten ? .ok : .unset)
    tracer.end(server)
  }

  /// Ends a session without a word to the client, as a handler that died.
  func kill(_ slot: Int) {
    guard let client = leave(slot), let server = client.serverSpan else { return }
    tracer.end(server, status: .error(message: "AttributeError"))
  }

  /// Closes the connection and forgets the client.
  private func leave(_ slot: Int) -> Client? {
    guard let client = clients[slot] else { return nil }
    clients[slot] = nil
    freeSlots.append(slot)
    client.stream.close()
    if let room = client.room, let place = rooms[room].members.firstIndex(of: slot) {
      rooms[room].members.remove(at: place)
    }
    endWait(client)
    return client
  }

  func transmit(_ opcode: Opcode, _ text: String, on slot: Int) {
    transmit(FrameEncoding.frame(opcode, Array(text.utf8), maskKey: nil), on: slot)
  }

  /// Sends an echo.
  ///
  /// - Parameter isMasked: in a frame as no server may send.
  func transmit(_ echo: String, isMasked: Bool = false, on slot: Int) {
    let maskKey: UInt32? = isMasked ? 0x1234_5678 : nil
    // Not first compressed and then left out: the client's window would lack it.
    guard let client = clients[slot], client.stream.backlog <= Self.backlogLimit else { return }
    var echo = echo
    echo.withUTF8 { text in
      if let compression = client.decoder.compression {
        transmit(compression.frame(.text, UnsafeRawBufferPointer(text), maskKey: maskKey), on: slot)
      } else {
        transmit(FrameEncoding.frame(.text, UnsafeRawBufferPointer(text), maskKey: maskKey), on: slot)
      }
    }
  }

  /// A client that does not read is left behind once too much waits for it.
  private func transmit(_ bytes: UnsafeRawBufferPointer, on slot: Int) {
    guard let client = clients[slot] else { return }
    if client.stream.backlog > Self.backlogLimit { return }
    // A failed send shows as an event of the socket, which ends the session.
    _ = client.stream.send(bytes)
  }

  func transmit(_ bytes: [UInt8], on slot: Int) { bytes.withUnsafeBytes { transmit($0, on: slot) } }
}
