namespace Backstop.Client;

public sealed record GatewayAck(string Id, long Generation, DateTimeOffset? AckedAt);

/// <param name="LeftAt">Since when it is away; null while it is connected, and when nobody saw it leave.</param>
public sealed record GatewayView(string Id, string Zone, bool Connected, DateTimeOffset SeenAt, DateTimeOffset? LeftAt);

public sealed record ForgottenGateway(string Gateway, string Reason);
