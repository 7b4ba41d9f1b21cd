using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace Backstop.Protocol;

/// <summary>A gateway's end of the fleet stream, on which batches leave in the bytes that they are kept in.</summary>
public static class FleetStream
{
    private static readonly Method<ToControl, FromControl> Method = new(
        MethodType.DuplexStreaming, Fleet.Descriptor.FullName, Fleet.Descriptor.Methods[0].Name,
        Marshallers.Create<ToControl>(Write, _ => throw new NotSupportedException("A gateway reads nothing that gateways say.")),
        Marshallers.Create<FromControl>((_, _) => throw new NotSupportedException("A gateway says nothing that control says."), Read));

    /// <summary>Opens the stream.</summary>
    public static AsyncDuplexStreamingCall<ToControl, FromControl> Connect(CallInvoker control, CancellationToken cancel) =>
        control.AsyncDuplexStreamingCall(Method, host: null, new(cancellationToken: cancel));

    // The fields of a message may stand in two pieces.
    private static void Write(ToControl sent, SerializationContext context)
    {
        context.SetPayloadLength(sent.Message.CalculateSize() + (sent.Batch?.Bytes.Length ?? 0));
        var writer = context.GetBufferWriter();
        sent.Message.WriteTo(writer);
        if (sent.Batch is { } batch)
        {
            writer.Write(batch.Bytes.Span);
        }

        context.Complete();
    }

    private static FromControl Read(DeserializationContext context) => FromControl.Parser.ParseFrom(context.PayloadAsReadOnlySequence());
}

/// <summary>What a gateway says at one time.</summary>
/// <param name="Batch">A batch that it says with it; none in <paramref name="Message"/> then.</param>
public sealed record ToControl(FromGateway Message, PackedBatch? Batch = null);
