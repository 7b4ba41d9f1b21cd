namespace Backstop.Core.Tests.Rollouts.Model;

/// <summary>What a rollout should do, written a second time: plain fields, rules from top to bottom, no code of the machine.</summary>
internal sealed class RolloutModel
{
    private static readonly string[] Pre = ["Gating", "Warming", "Shadowing", "Canary", "Held"];

    private readonly string _tested;
    private ModelPlan _plan;
    private double _counted;
    private double _warmAt = double.NaN;
    private double _askedAt = double.NaN;
    private double _waitingFrom = double.NaN;
    private bool _waitsText;
    private bool _reason;
    private string? _withheld;
    private bool _acknowledged;
    private bool _superseded;
    private bool _promoted;
    private int _approved = -1;
    private long _wrote;

    public RolloutModel(ModelPlan plan, string current, string tested, double at)
    {
        (_plan, Current, _tested, _counted) = (plan, current, tested, at);
        Phase = plan.BreakGlass ? "Warming" : "Gating";
        _wrote = Generation;
    }

    public string Phase { get; private set; }

    public int Step { get; private set; } = -1;

    public string Current { get; private set; }

    public string? Candidate { get; private set; }

    public string? Previous { get; private set; }

    public string? LastVerified { get; set; }

    public double? RolledBackAt { get; set; }

    public int Share { get; private set; }

    public int Shadow { get; private set; }

    public int Holdback { get; private set; }

    public long Generation { get; private set; } = 1;

    public bool Aborted { get; private set; }

    public bool Paused { get; private set; }

    public bool Shrunk { get; private set; }

    public bool Contained { get; private set; }

    public bool Pinned { get; private set; }

    public (double From, double Until) Frozen { get; private set; } = (0, 0);

    public double Watched { get; private set; }

    public SortedSet<string> Quarantined { get; } = new(StringComparer.Ordinal);

    public List<string> Did { get; } = [];

    public bool Refused { get; private set; }

    private bool Exposed => Phase is "Shadowing" or "Canary" or "Held" or "Promoting" or "Baking" || (Phase == "Completed" && _promoted);

    private bool Over => Phase is "RolledBack" or "Rejected" or "Completed" or "Superseded";

    private bool Named => Current == _tested || Candidate == _tested;

    public void Feed(Input i)
    {
        Did.Clear();
        Refused = false;
        if (People(i))
        {
            return;
        }

        Count(i);
        if (!Down(i) && !Asked(i))
        {
            Go(i);
        }
    }

    // What people do to the alias itself: the rollout is not even told.
    private bool People(Input i)
    {
        switch (i.What)
        {
            case "pin": Pinned = true; Generation++; return true;
            case "unpin": Generation += Pinned ? 1 : 0; Pinned = false; return true;
            case "freeze": Frozen = (i.At, i.At + i.Number); Generation++; return true;
            case "vouch": Generation += LastVerified is null ? 0 : 1; LastVerified = null; return true;
            default: return false;
        }
    }

    private void Count(Input i)
    {
        var judged = i.What == "judged";
        if (Phase == "Baking" && !judged && i.What != "taken")
        {
            return;
        }

        var passed = i.At - _counted;
        _counted = i.At;
        if (passed is > 0 and <= 10 && i.What != "taken" && (Phase != "Baking" || i.Verdict == "Healthy"))
        {
            Watched += passed;
        }
    }

    private bool Down(Input i)
    {
        switch (i.What)
        {
            case "abort":
                if (Exposed || Phase is "Gating" or "Warming" || (Phase == "RollbackDegraded" && Named))
                {
                    Back(i.At, person: true, blame: false, safety: false);
                }
                else
                {
                    Refused = true;
                }

                return true;
            case "tripped" when Exposed: Back(i.At, person: false, blame: true, safety: true); return true;
            case "judged" when i.Verdict == "Regressed" && Exposed: Back(i.At, person: false, blame: true, safety: false, i.Bears); return true;
            case "unready" when Exposed && Phase != "Completed": Back(i.At, person: false, blame: false, safety: false); return true;
            case "supersede":
                if (!Pre.Contains(Phase) || Aborted || _promoted)
                {
                    Refused = true;
                    return true;
                }

                (Aborted, _superseded, Paused, _reason) = (true, true, false, false);
                if (Candidate is null)
                {
                    Enter("Superseded", i.At);
                    Did.Add("successor");
                }
                else
                {
                    Empty(quarantine: false);
                    Enter("RollingBack", i.At);
                    Did.Add("push");
                }

                return true;
            case "judged" when i.Alarm && _promoted && !Contained && !Pinned && Phase is "Baking" or "Completed" && i.Alarm && _promoted && !Contained && !Pinned:
                if (Previous is not null)
                {
                    Raise(i.Bears);
                    Did.Add("incident");
                }

                return true;
            default:
                return false;
        }
    }

    private void Back(double at, bool person, bool blame, bool safety, int bears = 10_000)
    {
        if (_promoted && !person)
        {
            var why = Pinned ? "pinned" : blame && !safety && at >= RolledBackAt && at < RolledBackAt + _plan.CoolDown ? "cooling" : null;
            if (why is not null)
            {
                if (_withheld == why)
                {
                    return;
                }

                _withheld = why;
                if (!Pinned && !Contained && Previous is not null)
                {
                    Raise(bears);
                }

                Did.AddRange(["incident", "page"]);
                return;
            }
        }

        (Aborted, Paused, _withheld, _reason) = (true, false, null, false);
        if (_promoted && Previous is null)
        {
            Enter("RollbackDegraded", at);
            _reason = true;
            Did.AddRange(["push", "page"]);
        }
        else if (_promoted)
        {
            Quarantined.Add(Current);
            (Current, Previous, LastVerified, Holdback, Candidate, Share, Shadow) = (Previous!, null, null, 0, null, 0, 0);
            RolledBackAt = person ? RolledBackAt : at;
            Written();
            Enter("RollingBack", at);
            Did.Add("push");
        }
        else if (Candidate is not null)
        {
            Empty(blame);
            Enter("RollingBack", at);
            Did.Add("push");
        }
        else
        {
            Enter("Rejected", at);
            _reason = true;
        }

        if (blame)
        {
            Did.Add("incident");
        }
    }

    private bool Asked(Input i)
    {
        switch (i.What)
        {
            case "pause":
                if (Phase is "Shadowing" or "Canary")
                {
                    (Paused, _reason) = (true, true);
                    Enter("Held", i.At);
                }
                else if (Phase == "Held")
                {
                    (Paused, _reason) = (true, true);
                }
                else
                {
                    Refused = true;
                }

                return true;
            case "resume":
                if (Phase == "Held" && Shrunk)
                {
                    (Shrunk, Paused, _reason, Step, _warmAt, _askedAt) = (false, false, false, -1, double.NaN, double.NaN);
                    Enter("Warming", i.At);
                    Did.Add("warm");
                }
                else if (Phase == "Held" && Paused)
                {
                    Paused = false;
                }
                else
                {
                    Refused = true;
                }

                return true;
            case "approve":
                if (!Pre.Contains(Phase) || i.Number < 0 || i.Number > _plan.Steps.Length)
                {
                    Refused = true;
                    return true;
                }

                _approved = Math.Max(_approved, i.Number);
                (_waitingFrom, _waitsText) = (double.NaN, false);
                return true;
            case "replan":
                Replan(i);
                return true;
            case "taken":
                if (Phase is "Shadowing" or "Canary" or "Held" or "Promoting" or "Baking" && !Named)
                {
                    Enter("Rejected", i.At);
                }
                else if (Phase is "Shadowing" or "Canary" or "Verifying")
                {
                    Watched = 0;
                    _waitingFrom = double.IsNaN(_waitingFrom) ? _waitingFrom : 0;
                }

                return true;
            default:
                return false;
        }
    }

    // The generator offers plans that differ in their shares only: all lower is tighter, anything higher is looser.
    private void Replan(Input i)
    {
        var (before, after) = (_plan, i.Plan!);
        var begun = Phase is "Canary" or "Held" ? Step + 1 : _promoted ? before.Steps.Length : 0;
        var wider = before.Steps.Zip(after.Steps).Any(s => s.Second.Share > s.First.Share);
        var widerNow = Step >= 0 && !Shrunk && Phase is "Canary" or "Held" && Step >= 0 && !Shrunk && after.Steps[Step].Share > before.Steps[Step].Share;
        if (Aborted || Over || after.Steps.Length < begun || widerNow || (wider && !i.Ok))
        {
            Refused = true;
            return;
        }

        _plan = after;
        (_waitingFrom, _waitsText) = (double.NaN, false);
        if (Share > 0 && !Shrunk && Phase is "Canary" or "Held" && Share > 0 && !Shrunk && after.Steps[Step].Share < Share)
        {
            Share = after.Steps[Step].Share;
            Shadow = 0;
            Written();
            Did.Add("push");
        }
    }

    private void Go(Input i)
    {
        switch (Phase, i.What)
        {
            case ("Gating", "gated"):
                Enter(i.Ok ? "Warming" : "Rejected", i.At);
                Did.AddRange(i.Ok ? ["warm"] : []);
                break;
            case ("Warming" or "Shadowing" or "Canary", "warmed"):
                _warmAt = i.Ok ? i.At : Phase == "Warming" ? _warmAt : double.NaN;
                if (Phase != "Warming")
                {
                    _waitsText = !i.Ok;
                }
                else if (i.Ok)
                {
                    First(i.At);
                }
                else if (Named)
                {
                    Back(i.At, person: false, blame: false, safety: false);
                }
                else
                {
                    Enter("Rejected", i.At);
                }

                break;
            case ("Warming", "ticked") when !double.IsNaN(_warmAt): First(i.At); break;
            case ("Shadowing", "judged"): OnStep(i, _plan.Shadow!.Value.Dwell, _plan.Shadow.Value.Units); break;
            case ("Canary", "judged"): OnStep(i, _plan.Steps[Step].Dwell, _plan.Steps[Step].Units); break;
            case ("Shadowing" or "Canary", "ticked") when Watched - _waitingFrom >= _plan.Held:
                HoldHere(i.At);
                Paused = true;
                Did.Add("page");
                break;
            case ("Held", "judged") when i.Verdict == "Healthy" && !Paused && !Shrunk:
                _reason = false;
                Enter(Shadow > 0 ? "Shadowing" : "Canary", i.At);
                break;
            case ("Held", "ticked") when Watched >= _plan.Held && !Shrunk: TooLong(i.At); break;
            case ("Promoting", "converged") when Generation + i.Number >= _wrote:
                _reason = false;
                Enter("Baking", i.At);
                break;
            case ("Promoting", "ticked") when Watched >= _plan.Converge && !_reason:
                _reason = true;
                Did.Add("page");
                break;
            case ("Baking" or "Completed", "judged") when _promoted: Standing(i); break;
            case ("RollingBack", "converged") when Generation + i.Number >= _wrote && !Named: Acknowledged(i.At); break;
            case ("RollbackDegraded", "converged") when !_acknowledged && Generation + i.Number >= _wrote && !Named: Acknowledged(i.At); break;
            case ("RollingBack", "ticked") when Watched >= _plan.Converge:
                Enter("RollbackDegraded", i.At);
                _reason = true;
                Did.AddRange(["push", "page"]);
                break;
            case ("Verifying", "observed") when i.Number > 0:
                Enter("RollbackDegraded", i.At);
                _reason = true;
                Did.AddRange(["push", "page"]);
                break;
            case ("RollbackDegraded", "observed") when _acknowledged && i.Number > 0: Watched = 0; break;
            case ("Verifying", "observed") or ("RollbackDegraded", "observed"):
                if ((Phase == "Verifying" || _acknowledged) && i.Window >= _plan.Verify && Watched >= _plan.Verify)
                {
                    Enter("RolledBack", i.At);
                }

                break;
        }
    }

    private void First(double at)
    {
        var next = _plan.Shadow is null ? 0 : -1;
        if (!Stopped(next, at))
        {
            if (at - _warmAt >= 0 && at - _warmAt <= _plan.WarmFor)
            {
                Up(next, at);
            }
            else
            {
                AskWarm(at);
            }
        }
    }

    private void OnStep(Input i, double dwell, long units)
    {
        if (i.Verdict is "Inconclusive" or "BrokenExperiment" || (i.Verdict is "NoData" or "Stale" && Watched >= dwell))
        {
            HoldHere(i.At);
            Did.Add("incident");
        }
        else if (i.Verdict == "Healthy" && Watched >= dwell && i.Units >= units && !Stopped(Step + 1, i.At))
        {
            if (i.Coverage < _plan.Coverage)
            {
                (_waitsText, _waitingFrom) = (true, double.NaN);
            }
            else if (Step + 1 == _plan.Steps.Length && !_plan.Withdraws && !(i.At - _warmAt >= 0 && i.At - _warmAt <= _plan.WarmFor))
            {
                AskWarm(i.At);
            }
            else
            {
                Up(Step + 1, i.At);
            }
        }
    }

    private bool Stopped(int next, double at)
    {
        var last = next == _plan.Steps.Length && !_plan.Withdraws;
        var approval = (next >= 0 && next < _plan.Steps.Length && _plan.Steps[next].Approval) || (last && _plan.ApprovePromotion);
        var (pinned, frozen) = (Pinned, IsFrozen(at) && !_plan.BreakGlass);
        var unapproved = approval && _approved < next && !_plan.BreakGlass;
        if (!pinned && !frozen && !unapproved && !(last && Way() is null))
        {
            return false;
        }

        _waitsText = true;
        _waitingFrom = pinned || frozen || !unapproved ? double.NaN : double.IsNaN(_waitingFrom) ? Watched : _waitingFrom;
        return true;
    }

    private bool IsFrozen(double at) => at >= Frozen.From && at < Frozen.Until;

    private string? Way()
    {
        var good = LastVerified ?? Current;
        return good != _tested && !Quarantined.Contains(good) ? good
            : _plan.Fallback is { } fallback && fallback != _tested && !Quarantined.Contains(fallback) ? fallback : null;
    }

    private void AskWarm(double at)
    {
        if (!(at - _askedAt >= 0 && at - _askedAt < 10))
        {
            _askedAt = at;
            _waitsText = true;
            Did.Add("warm");
        }
    }

    private void Up(int next, double at)
    {
        if (next == _plan.Steps.Length && _plan.Withdraws)
        {
            if (Candidate is not null)
            {
                Empty(quarantine: false);
                Did.Add("push");
            }

            Enter("Completed", at);
            return;
        }

        Step = next;
        if (next < 0)
        {
            (Candidate, Share, Shadow) = (_tested, 0, _plan.Shadow!.Value.Share);
        }
        else if (next < _plan.Steps.Length)
        {
            (Candidate, Share, Shadow, Holdback) = (_tested, _plan.Steps[next].Share, 0, 0);
        }
        else
        {
            Previous = Way();
            LastVerified = _tested == LastVerified ? null : LastVerified ?? Current;
            Holdback = Previous is null ? 0 : _plan.Holdback;
            (Current, Candidate, Share, Shadow, _promoted) = (_tested, null, 0, 0, true);
        }

        Written();
        Enter(next < 0 ? "Shadowing" : next < _plan.Steps.Length ? "Canary" : "Promoting", at);
        Did.Add("push");
    }

    private void Standing(Input i)
    {
        var healthy = i.Verdict == "Healthy";
        if (i.Verdict is "Inconclusive" or "BrokenExperiment" && !_reason)
        {
            _reason = true;
            Did.Add("incident");
        }
        else if (healthy && Contained && i.Units >= (_plan.Steps.Length == 0 ? 1000 : _plan.Steps[^1].Units))
        {
            if (!Aborted && !Pinned && !IsFrozen(i.At) && Previous is not null)
            {
                (Watched, _reason, _withheld, Contained, Holdback) = (0, false, null, false, _plan.Holdback);
                Written();
                Did.Add("push");
            }
        }
        else if (healthy && (_reason || _withheld is not null))
        {
            (_reason, _withheld) = (false, null);
        }
        else if (healthy && Phase == "Baking" && !Contained && Watched >= _plan.Bake)
        {
            if (LastVerified is not null)
            {
                LastVerified = null;
                Written();
                Did.Add("push");
            }

            Enter("Completed", i.At);
        }
    }

    private void TooLong(double at)
    {
        if (_plan.HeldAction == "keep")
        {
            Enter("Held", at);
            Did.Add("page");
        }
        else if (_plan.HeldAction == "shrink" && Candidate is not null)
        {
            (Share, Shadow, Shrunk) = (0, 0, true);
            Written();
            Enter("Held", at);
            Did.AddRange(["push", "page"]);
        }
        else
        {
            Back(at, person: false, blame: false, safety: false);
        }
    }

    private void Acknowledged(double at)
    {
        _acknowledged = true;
        Enter(_superseded ? "Superseded" : "Verifying", at);
        Did.Add(_superseded ? "successor" : "watch");
    }

    private void HoldHere(double at)
    {
        _reason = true;
        Enter("Held", at);
    }

    private void Raise(int bears)
    {
        (Contained, Holdback) = (true, Math.Max(bears < _plan.Containment ? bears : _plan.Containment, Holdback));
        Written();
        Did.Add("push");
    }

    private void Empty(bool quarantine)
    {
        if (quarantine)
        {
            Quarantined.Add(Candidate!);
        }

        (Candidate, Share, Shadow) = (null, 0, 0);
        Written();
    }

    private void Written() => _wrote = ++Generation;

    private void Enter(string phase, double at) =>
        (Phase, Watched, _counted, _waitingFrom, _waitsText) = (phase, 0, at, double.NaN, false);
}
