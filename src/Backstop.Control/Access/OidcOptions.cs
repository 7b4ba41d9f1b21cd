using System.Collections.Immutable;
using System.Security.Claims;
using System.Text.Json;
using Backstop.Core.Access;

namespace Backstop.Control.Access;

/// <summary>Whose tokens are believed (OpenID Connect), and what the roles in them allow here.</summary>
/// <param name="Issuer">The issuer; its keys are found at <c>/.well-known/openid-configuration</c> below it.</param>
/// <param name="Audience">What a token must be made for: a token for another service must not open this one.</param>
/// <param name="Claim">The claim that holds the roles; dots lead into objects, as in <c>realm_access.roles</c>.</param>
/// <param name="Roles">What each role allows. A role that is not named here allows nothing.</param>
public sealed record OidcOptions(Uri Issuer, string Audience, string Claim, ImmutableDictionary<string, Grant> Roles)
{
    /// <summary>Where roles are when nothing else is said.</summary>
    public const string UsualClaim = "roles";

    /// <summary>What the claims of a token allow.</summary>
    public Rights RightsOf(ClaimsPrincipal token) => new([.. RolesIn(token).Distinct(StringComparer.Ordinal).Where(Roles.ContainsKey).Select(r => Roles[r])]);

    private IEnumerable<string> RolesIn(ClaimsPrincipal token)
    {
        var path = Claim.Split('.');
        var whole = token.FindAll(Claim).Select(c => c.Value);
        return path.Length == 1 ? whole : whole.Concat(token.FindAll(path[0]).SelectMany(c => RolesIn(c.Value, path[1..])));
    }

    private static IEnumerable<string> RolesIn(string json, string[] path)
    {
        try
        {
            var value = JsonElement.Parse(json);
            foreach (var key in path)
            {
                if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(key, out value))
                {
                    return [];
                }
            }

            return value.ValueKind switch
            {
                JsonValueKind.String => [value.GetString()!],
                JsonValueKind.Array => [.. value.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)],
                _ => [],
            };
        }
        catch (JsonException)
        {
            return []; // A claim that is no object has no roles in it.
        }
    }
}
