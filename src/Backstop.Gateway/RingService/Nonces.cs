using System.Security.Cryptography;

namespace Backstop.Gateway.RingService;

/// <summary>Letters that nobody could foresee, for the marks around text that is not trusted.</summary>
internal static class Nonces
{
    public static string New() => RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 12);
}
