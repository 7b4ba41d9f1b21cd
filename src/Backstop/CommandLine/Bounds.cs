using System.CommandLine;

namespace Backstop.CommandLine;

/// <summary>Limits of numbers on a command line.</summary>
internal static class Bounds
{
    /// <summary>Refuses a number outside the limits, and anything that is not a number.</summary>
    public static void Between<T>(this Option<T> option, T least, T most)
        where T : struct, IComparable<T> => option.Validators.Add(result =>
        {
            var value = result.GetValue(option);
            if (!(value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0))
            {
                result.AddError($"{option.Name} must be from {least} to {most}; it is {value}.");
            }
        });
}
