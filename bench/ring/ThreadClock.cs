using System.Runtime.InteropServices;

namespace Backstop.RingBench;

/// <summary>Processor time of the calling thread: what other programs do on the machine is not in it.</summary>
internal static partial class ThreadClock
{
    private const int ThreadProcessorTime = 3; // CLOCK_THREAD_CPUTIME_ID of Linux.

    /// <summary>Microseconds since the thread began.</summary>
    public static double Micros => clock_gettime(ThreadProcessorTime, out var time) == 0
        ? (time.Seconds * 1e6) + (time.Nanoseconds / 1e3)
        : throw new PlatformNotSupportedException("Processor time of a thread is read as on Linux.");

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
