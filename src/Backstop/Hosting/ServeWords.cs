namespace Backstop.Hosting;

/// <summary>What <c>backstop serve</c> was told on its command line, word for word. Null is what was not said.</summary>
internal sealed record ServeWords(string Http, string Fleet, string Data, string Role)
{
    public string? Control { get; init; }

    public string? Cluster { get; init; }

    public string? Zone { get; init; }

    public string? GatewayId { get; init; }

    public string? Store { get; init; }

    public string? Notify { get; init; }

    public string? TlsCertificate { get; init; }

    public string? TlsKey { get; init; }

    public string? FleetCertificate { get; init; }

    public string? FleetKey { get; init; }

    public string? FleetAuthority { get; init; }

    public string? OidcIssuer { get; init; }

    public string? OidcAudience { get; init; }

    public string OidcClaim { get; init; } = Backstop.Control.Access.OidcOptions.UsualClaim;

    public string[] OidcRoles { get; init; } = [];
}
