using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Inputs;

/// <summary>Where a request shows what it brings with it: that is counted, and held against the alias's contract.</summary>
internal static class InputDesk
{
    /// <summary>Counts, repairs what can be repaired, and says why the request may not go on; or null.</summary>
    public static ApiError? Admit(SignalRecorder signals, AliasSums sums, HttpRequest http, ModelRequest request, ServedAlias alias)
    {
        var contract = alias.Route.Traffic.Inputs;
        return Prompt(signals, sums, request, alias, contract)
            ?? Features(signals, sums, request, contract)
            ?? Documents(signals, sums, http, contract);
    }

    private static ApiError? Prompt(SignalRecorder signals, AliasSums sums, ModelRequest request, ServedAlias alias, InputContract contract)
    {
        if (!request.Dialect.IsConversation)
        {
            return null;
        }

        var hash = HashOf(request, out var only);
        var fingerprint = signals.Spoke(sums, hash, only is { } place ? Recognised(alias, hash!.Value, request.Body.Memory.Span[place]) : null);
        if (contract.Knows(fingerprint))
        {
            return null;
        }

        signals.Brought(sums, new(InputSignal.Contract, "prompts", 1));
        request.PinsPrompt = contract.OtherPrompts == UnknownPrompt.Pin;
        return request.PinsPrompt ? null : ApiError.UnknownPrompt(sums.Alias, fingerprint);
    }

    // Several system messages are one prompt: that of their hashes in order. Of none there is no hash.
    private static ulong? HashOf(ModelRequest request, out Range? only)
    {
        ulong? hash = null;
        only = null;
        Span<byte> both = stackalloc byte[2 * sizeof(ulong)];
        foreach (var place in request.TextPlaces)
        {
            if (place.IsSystem)
            {
                var next = KnownPrompts.HashOf(request.Body.Memory.Span[place.Value]);
                if (hash is { } before)
                {
                    BinaryPrimitives.WriteUInt64BigEndian(both, before);
                    BinaryPrimitives.WriteUInt64BigEndian(both[sizeof(ulong)..], next);
                    next = PromptFingerprint.HashOf(both);
                }

                only = hash is null ? place.Value : null;
                hash = next;
            }
        }

        return hash;
    }

    // The prompt that a lone system message is, or is like, of those that the alias has now: one of several could be any of them.
    private static string? Recognised(ServedAlias alias, ulong hash, ReadOnlySpan<byte> quoted)
    {
        string? like = null;
        var route = alias.Route;
        foreach (var digest in (ReadOnlySpan<string?>)[route.Current, route.Candidate, route.Previous])
        {
            if (digest is not null && alias.Pool(digest).Copies?.NameOf(hash, quoted) is { } name)
            {
                if (PromptFingerprint.OwnOf(name) is not null)
                {
                    return name;
                }

                like ??= name;
            }
        }

        return like;
    }

    private static ApiError? Features(SignalRecorder signals, AliasSums sums, ModelRequest request, InputContract contract)
    {
        foreach (var feature in request.Features ?? [])
        {
            var name = InputNames.Of(feature.Name);
            signals.Brought(sums, new(InputSignal.FeatureNulls, name, feature.Values, feature.Nulls.Count));
            if (feature.Numbers.Count > 0)
            {
                signals.Brought(sums, InputSignal.FeatureValues, name, feature.Numbers);
            }

            if (feature.Nulls.Count > 0 && contract.Defaults.TryGetValue(feature.Name, out var value))
            {
                signals.Brought(sums, new(InputSignal.Contract, "features", 1));
                var text = Encoding.UTF8.GetBytes(value.ToString("R", CultureInfo.InvariantCulture));
                request.Repairs.AddRange(feature.Nulls.Select(place => new Splice.Edit(place.Start.Value, place.End.Value, text)));
            }
        }

        return null;
    }

    private static ApiError? Documents(SignalRecorder signals, AliasSums sums, HttpRequest http, InputContract contract)
    {
        if (!http.Headers.TryGetValue(Retrieved.Header, out var header))
        {
            return null;
        }

        var told = Retrieved.Of(header.ToString());
        if (told.Index is { } index)
        {
            signals.Brought(sums, new(InputSignal.RetrievalIndex, InputNames.Of(index), 1));
        }

        if (told.Documents is { } documents)
        {
            signals.Brought(sums, new(InputSignal.RetrievalEmpty, "", 1, documents == 0 ? 1 : 0));
        }

        Value(InputSignal.RetrievalAge, told.AgeDays);
        Value(InputSignal.RetrievalScore, told.Score);
        if (told.HasDocuments && contract.Bypasses(told.Index))
        {
            signals.Brought(sums, new(InputSignal.Contract, "retrieval", 1));
            return ApiError.RetrievalBypassed(sums.Alias, told.Index);
        }

        if (told.AgeDays is not { } age || !(age >= contract.OldestDays))
        {
            return null;
        }

        signals.Brought(sums, new(InputSignal.Contract, "retrieval", 1));
        return ApiError.StaleRetrieval(sums.Alias, age, contract.OldestDays!.Value);

        void Value(InputSignal signal, double? value)
        {
            if (value is { } v)
            {
                signals.Brought(sums, signal, "", [v]);
            }
        }
    }
}
