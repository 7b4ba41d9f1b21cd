using Backstop.Simulation.Random;

namespace Backstop.Simulation.Incidents;

/// <summary>Users, one by one: who they are, what they ask, what they get, and what the sensors see of it.</summary>
/// <remarks>
/// Every request draws all its luck before anything is decided, so that a world without one of its causes answers the same
/// requests with the same luck: twins differ by the cause alone.
/// </remarks>
/// <param name="anchors">How often, per request, the judge is asked about an answer whose score is known.</param>
internal sealed class SimulatedTraffic(World world, bool holdback, int judged, ulong seed, double anchors = SimulatedTraffic.UsualAnchors)
{
    /// <summary>After every twentieth score.</summary>
    public const double UsualAnchors = 0.05;

    /// <summary>After every second, as while an incident is unexplained.</summary>
    public const double CloserAnchors = 0.5;

    private const int Users = 300;
    private const int Tenants = 10;
    private const double Patience = 9;

    private readonly Surroundings _around = world.Around;
    private readonly ServedRelease _release = holdback ? world.Holdback : world.Production;

    /// <summary>Serves requests and returns what was seen.</summary>
    public Telemetry Serve(int requests)
    {
        var telemetry = new Telemetry();
        for (var i = 0; i < requests; i++)
        {
            Serve(telemetry, new SplitMix64(seed + ((ulong)i * 0x9E37_79B9_7F4A_7C15)).Split());
        }

        return telemetry;
    }

    private void Serve(Telemetry seen, SplitMix64 luck)
    {
        // Who: few users ask much. Tenant, region and patience stay with the user, and so does part of the difficulty.
        var user = (int)(Users * Math.Pow(luck.Uniform(), 1.6));
        var self = new SplitMix64(seed ^ ((ulong)user * 7919)).Split();
        var (tenant, region, own) = ((int)(Tenants * Math.Pow(self.Uniform(), 1.5)), self.Chance(0.6) ? 0 : 1, 0.35 * Normal(self));

        // What.
        var pool = (int)(6 * luck.Uniform());
        var route = luck.Uniform();
        var (retrieves, callsTool, usesFeatures) = (route < 0.4, route is >= 0.4 and < 0.6, luck.Chance(0.7));
        var size = Math.Exp(0.9 * Normal(luck));
        var (isLong, cached) = (size > 2.4, luck.Chance(0.25));
        var attack = luck.Chance(_around.AttackShare);
        var (hard, unfamiliar) = (luck.Chance(_around.HardShare), luck.Chance(_around.NewSubject));
        var empty = (user * 5 % 8) < _around.EmptyShards;
        var value = Normal(luck) + (hard ? 0.5 : 0);
        var broken = IsIn(_around.Broken.Slice, pool, region, tenant, cached, isLong);
        var edited = luck.Chance(_around.Edit.Share);
        var prompt = edited ? _around.Edit.Prompt : _release.Prompt;

        // All luck at once; see above.
        var (l1, l2, l3, l4, l5, l6, l7, l8) = (luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform());
        var (m1, m2, m3, m4, m5, m6, m7, m8) = (luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform());
        var (n1, n2, n3, n4) = (Normal(luck), Normal(luck), Normal(luck), Normal(luck));

        seen.Requests++;
        seen.Count(Counted.Attacks, attack ? l1 < 0.85 : l1 < 0.01);
        seen.Count(Counted.OneTemplate, attack && l2 < _around.AttackTemplate);
        seen.Count(Counted.HardSubject, hard);
        seen.Count(Counted.NewSubject, unfamiliar);
        seen.Count(Counted.UnknownPrompt, edited || l3 < 0.0008);
        seen.Count(Counted.UnknownDigest, (_around.WrongWeights && broken) || l4 < 0.0005);
        Features(seen, usesFeatures, empty, value);
        var stopsInput = attack ? l5 < 0.75 : l5 < 0.002;
        seen.Count(Counted.InputBlocks, stopsInput);
        seen.Stopped += stopsInput ? 1 : 0;
        if (stopsInput)
        {
            return;
        }

        // Log-odds of a right answer: skill of the parts against everything that makes it harder.
        var odds = _release.Model.Skill + prompt.Skill + own;
        odds -= hard ? _around.Hardness + _release.Model.Fragility : 0;
        odds -= isLong ? 0.4 + (0.6 * _release.Model.Fragility) : 0;
        odds -= usesFeatures && empty ? 2.2 : 0;
        odds -= usesFeatures ? Math.Min(Math.Abs(_around.FeatureScale), 3) * 0.8 : 0;
        odds -= broken ? _around.Broken.Loss : 0;
        var (waited, lostDocuments) = retrieves ? Retrieve(seen, hard, ref odds, l6, l7, l8, n1, n2) : (0, false);
        var toolFailed = callsTool && m1 < _around.ToolFails;
        odds -= toolFailed ? 2.5 : 0;
        if (callsTool)
        {
            seen.Count(Counted.ToolFailed, toolFailed);
        }

        // A failed call of the provider is made once more.
        var (failedOnce, failedTwice) = (m2 < _around.ProviderFails, m2 < _around.ProviderFails && m3 < _around.ProviderFails);
        seen.Count(Counted.ProviderErrors, failedOnce);
        var asked = Math.Exp((0.35 * n3) + Math.Log(_around.ProviderSlowness)) * (failedOnce ? 2 : 1);
        seen.Average(Averaged.ProviderLatency, asked);
        var length = size > 0 ? Math.Exp(0.5 * n4) * _release.Model.Verbosity * prompt.Verbosity : 1;
        var busy = 1 + (0.4 * Math.Max(0, _around.Load - 0.8)) + _around.Leak;
        var latency = (asked * (0.5 + (0.5 * length)) * _release.Model.Effort * busy) + waited;
        var failed = failedTwice || latency > Patience || (lostDocuments && m4 < 0.4) || (broken && m4 < _around.Broken.Errors);
        seen.Average(Averaged.Latency, Math.Min(latency, Patience));
        seen.Average(Averaged.Length, Math.Log(length));
        seen.Count(Counted.Errors, failed || m4 > 0.998);

        var malformed = m5 < _release.Model.Malformed + prompt.Malformed + (broken && _around.WrongWeights ? 0.05 : 0);
        var harmful = m6 < _release.Model.Unsafe + (attack ? 0.3 : 0);
        var caught = harmful && m7 >= _release.Guard.Misses;
        var overBlocked = !harmful && m7 < _release.Guard.OverBlocks;
        var refused = m8 < prompt.Refusals + (hard ? 0.008 : 0);
        var wrong = l2 >= 1 / (1 + Math.Exp(-odds));
        var truncated = isLong && ((_around.Broken.Slice == Slice.Long && broken) || l3 > 0.97);
        if (!failed)
        {
            seen.Count(Counted.Schema, malformed);
            seen.Count(Counted.Blocks, caught || overBlocked);
            seen.Count(Counted.OneCheck, overBlocked);
            seen.Count(Counted.Refusals, refused);
            seen.Count(Counted.Truncated, truncated);
        }

        var stopped = !failed && (caught || overBlocked);
        seen.Stopped += stopped ? 1 : 0;
        var bad = failed || malformed || harmful || overBlocked || refused || wrong;
        seen.Harmed += !attack && bad ? 1 : attack && harmful && !caught ? 1 : 0;
        seen.Cut([pool, region, tenant, retrieves ? 1 : 0, cached ? 1 : 0, isLong ? 1 : 0], bad);
        Observe(seen, bad, luck);
    }

    private void Features(Telemetry seen, bool used, bool empty, double value)
    {
        if (!used)
        {
            return;
        }

        seen.Count(Counted.NullFirst, empty || value > 2.75);
        seen.Count(Counted.NullSecond, value < -2.75);
        if (!empty)
        {
            seen.Average(Averaged.FeatureFirst, value + _around.FeatureScale);
            seen.Count(Counted.Violations, Math.Abs(value + _around.FeatureScale) > 3);
        }

        seen.Average(Averaged.FeatureSecond, value);
    }

    private (double Waited, bool Lost) Retrieve(Telemetry seen, bool hard, ref double odds, double l1, double l2, double l3, double n1, double n2)
    {
        var waited = 0.25 * Math.Exp(0.4 * n1) * _around.RetrievalSlowness;
        var lost = l1 < _around.RetrievalFails;
        seen.Average(Averaged.RetrievalLatency, waited);
        seen.Count(Counted.RetrievalErrors, lost);
        if (lost)
        {
            odds -= 2.2;
            return (waited, true);
        }

        var nothing = l2 < 0.015 + (hard ? 0.02 : 0);
        seen.Count(Counted.RetrievalEmpty, nothing);
        odds -= nothing ? 1.2 : 0;

        // What was asked for may have changed since the index was built: half of it does in about two weeks.
        var outdated = l3 < 1 - Math.Exp(-_around.IndexAge / 20);
        odds -= outdated ? 2.4 : 0;
        seen.Average(Averaged.RetrievalAge, _around.IndexAge + (-6 * Math.Log(1 - (0.999 * l2))));
        seen.Average(Averaged.RetrievalScore, 0.8 + (0.12 * n2) - (hard ? 0.06 : 0) - (outdated ? 0.08 : 0));
        return (waited, false);
    }

    // What happens after the answer: the judge, the store and the user's own word.
    private void Observe(Telemetry seen, bool bad, SplitMix64 luck)
    {
        var (runs, errs, lost, anchor, word, says, waits, since) = (luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform(), luck.Uniform());
        var gone = !bad && lost < _around.LostGood;
        seen.Count(Counted.Lost, gone);

        // A judge that stops, stops at what takes longest first: hard cases, which are the bad ones more often.
        var planned = seen.Of(Counted.JudgeRan).Of < judged;
        if (planned)
        {
            seen.Count(Counted.JudgeRan, runs < _around.JudgeRuns);
            if (runs < _around.JudgeRuns && !gone)
            {
                seen.Count(Counted.Judged, bad ? errs >= _around.Judge.Missed : errs < _around.Judge.False);
            }
        }

        if (anchor < anchors)
        {
            seen.Count(Counted.Anchors, errs < _around.Judge.False);
        }

        // One in twelve is asked whether it was of use; what has not been confirmed in time counts as not.
        var lag = -_around.LabelLag * (bad ? 0.6 : 1) * Math.Log(1 - waits);
        if (word >= 0.08 || gone)
        {
            return;
        }

        var arrived = lag < 120 * since;
        seen.Count(Counted.Arrived, arrived);
        seen.Count(Counted.Feedback, !arrived || says < (bad ? 0.55 : 0.05));
        if (arrived)
        {
            seen.Average(Averaged.LabelLag, lag);
        }
    }

    private static bool IsIn(Slice slice, int pool, int region, int tenant, bool cached, bool isLong) => slice switch
    {
        Slice.Pool => pool == 3,
        Slice.Region => region == 1,
        Slice.Tenant => tenant == 2,
        Slice.Cached => cached,
        Slice.Long => isLong,
        _ => false,
    };

    /// <summary>A standard normal number (Box and Muller 1958).</summary>
    internal static double Normal(SplitMix64 luck) =>
        Math.Sqrt(-2 * Math.Log(1 - luck.Uniform())) * Math.Cos(2 * Math.PI * luck.Uniform());
}
