using System.Runtime.InteropServices;

namespace Backstop.GatewayBench.Load;

/// <summary>A time as the C library writes it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TimeSpec(long Seconds, long Nanoseconds);
