using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>All checks of a stage at work on one text, whole or arriving in pieces.</summary>
internal sealed class Screening
{
    private const int DefaultTimeout = 1000;

    // One for each thread: most checks find nothing in most texts, and leave it as it was.
    [ThreadStatic]
    private static FindingSink? _empty;

    private readonly CheckRun[] _runs;
    private readonly GuardPolicy _policy;
    private readonly CheckContext _context;
    private readonly List<RemoteAnswer>? _answers;
    private readonly List<ScanUnit>? _later;
    private readonly Func<TimeSpan>? _clock;
    private readonly ScanUnit _scanned;
    private TimeSpan _spent;
    private Disposition _afterFix;
    private int _limit;

    public Screening(Ring ring, RingContext request, ScanUnit unit, int index)
        : this(ring, request, unit, index, request.Later is null ? Work.All : Work.Decide)
    {
    }

    public Screening(Ring ring, RingContext request, ScanUnit unit, int index, Work work)
    {
        (_policy, _scanned) = (ring.Policy, unit);
        var stage = ring.Of(unit.Stage);
        _answers = work != Work.Note && stage.Asks ? [] : null;
        _later = work == Work.Decide && !stage.Noting.IsEmpty ? request.Later : null;
        _clock = work != Work.Note && ring.IsTimed ? request.Clock : null;
        _context = new CheckContext(request, unit.Stage, unit.Trust) { Answers = _answers, Unit = index };
        var checks = stage.Doing(work);
        if (work != Work.Note && !request.Tokens.IsEmpty && TokenReturn.Compiled.Check.Descriptor.Stages.Contains(unit.Stage))
        {
            checks = checks.Add(TokenReturn.Compiled);
        }

        _runs = new CheckRun[checks.Length];
        for (var i = 0; i < _runs.Length; i++)
        {
            _runs[i] = new CheckRun(checks[i], in _context);
        }
    }

    /// <summary>Whether the finished text is wanted by those who only take notes.</summary>
    public bool IsNoted => _later is not null;

    /// <summary>Keeps the finished text for those who only take notes.</summary>
    public void Note(string text) => _later?.Add(_scanned with { Text = text });

    /// <summary>Whether somebody outside is asked.</summary>
    public bool Asks => _answers is not null;

    /// <summary>Strictest verdict so far among the checks in force.</summary>
    public Disposition Verdict => Dispositions.Strictest(_afterFix, Strictest(CheckDuty.Enforce));

    /// <summary>Original position before which every check is done with the text.</summary>
    public int Decided
    {
        get
        {
            var decided = int.MaxValue;
            foreach (var run in _runs)
            {
                decided = run.Error is null ? Math.Min(decided, run.Decided) : decided;
            }

            return decided;
        }
    }

    /// <summary>Shows the checks the text that stands at <paramref name="origin"/> in the original.</summary>
    /// <returns>The original position up to which text may leave.</returns>
    public int Advance(ReadOnlySpan<char> text, int origin, bool final)
    {
        var limit = origin + text.Length;
        foreach (var run in _runs)
        {
            if (run.Asking is null)
            {
                Scan(run, text, origin, final);
            }
        }

        foreach (var run in _runs)
        {
            limit = run.Delays ? Math.Min(limit, run.Decided) : limit;
        }

        // Where no more may leave than before there is no new edit: those come after what is decided.
        return _limit = limit == _limit ? limit : CutBeforeOpenEdit(limit);
    }

    /// <summary>What those outside are to be asked about the whole text; nobody is when it must stop anyway.</summary>
    public IReadOnlyList<RemoteQuestion> QuestionsAbout(string text)
    {
        if (_answers is null || Verdict.Stops())
        {
            return [];
        }

        var budget = Math.Max(1, (int)Math.Min(int.MaxValue, (Budget - _spent).TotalMilliseconds));
        return
        [
            .. _runs.Where(run => run.Check.Check is IAsking { Asking: not null } check && check.AsksAbout(_context)).Select(run => new RemoteQuestion(
                run.Use.Id, _context.Unit, _policy.GuardOf(run.Asking!)!, run.Asking!, _context.Stage, text, Before())
            {
                TimeoutMilliseconds = Math.Min(budget, run.Use.TimeoutMilliseconds ?? DefaultTimeout),
                IsAwaited = run.IsAwaited,
            }),
        ];
    }

    /// <summary>Takes what those outside said about the whole text.</summary>
    public void Take(IEnumerable<RemoteAnswer> answers, ReadOnlySpan<char> text)
    {
        _answers?.AddRange(answers);
        foreach (var run in _answers is null ? [] : _runs)
        {
            if (run.Asking is not null && run.IsAwaited)
            {
                Scan(run, text, 0, final: true);
            }
        }
    }

    private TimeSpan Budget =>
        _policy.Stages.TryGetValue(_context.Stage, out var stage) && stage.BudgetMilliseconds is { } budget ? TimeSpan.FromMilliseconds(budget) : TimeSpan.MaxValue;

    private void Scan(CheckRun run, ReadOnlySpan<char> text, int origin, bool final)
    {
        if (_clock is null || run.Asking is not null)
        {
            Look(run, text, origin, final);
        }
        else if (_spent >= Budget)
        {
            run.Expire("the time of its stage was over before its turn");
        }
        else
        {
            var began = _clock();
            Look(run, text, origin, final);
            var took = _clock() - began;
            _spent += took;
            run.Took(took);
        }

        if (run.Error is { } error && run.Use.OutcomeOf(error.Failure).DegradeTo is { } substitute)
        {
            Enlist(substitute);
        }
    }

    private void Look(CheckRun run, ReadOnlySpan<char> text, int origin, bool final)
    {
        // Out of sight meanwhile: a check may screen another text.
        var sink = _empty?.For(run.Use.Id, _context.Unit) ?? new(run.Use.Id, _context.Unit);
        _empty = null;
        _empty = run.Scan(text, origin, final, sink) ? null : sink;
    }

    // What an answer answers: a judge of answers wants to know the question.
    private string Before()
    {
        var messages = _context.Request.Messages;
        for (var i = messages.Count - 1; i >= 0 && _context.Stage is not GuardStage.Input; i--)
        {
            if (messages[i].Role == "user")
            {
                return messages[i].Text;
            }
        }

        return "";
    }

    /// <summary>The edits between two positions in the original; good until a check goes on.</summary>
    public ReadOnlySpan<Edit> EditsWithin(int from, int to)
    {
        var all = default(ReadOnlySpan<Edit>);
        List<Edit>? some = null;
        foreach (var run in _runs)
        {
            var proposed = run.Edits;
            if (proposed.IsEmpty)
            {
                continue;
            }

            // Mostly one check has edits, and all of them are wanted: those of a whole text need no list of their own.
            if (all.IsEmpty && some is null && AreWithin(proposed, from, to))
            {
                all = proposed;
                continue;
            }

            some ??= [.. all];
            foreach (var edit in proposed)
            {
                if (edit.Start >= from && edit.End <= to)
                {
                    some.Add(edit);
                }
            }
        }

        return some is null ? all : CollectionsMarshal.AsSpan(some);
    }

    private static bool AreWithin(ReadOnlySpan<Edit> edits, int from, int to)
    {
        foreach (var edit in edits)
        {
            if (edit.Start < from || edit.End > to)
            {
                return false;
            }
        }

        return true;
    }

    public void ForgetEditsBefore(int position)
    {
        foreach (var run in _runs)
        {
            run.ForgetEditsBefore(position);
        }
    }

    /// <summary>
    /// Looks at the edited text once more with the checks that judge the whole of it: a redaction may have broken what another
    /// check has repaired.
    /// </summary>
    public void VerifyFixed(string text)
    {
        foreach (var run in _runs)
        {
            if (run.Check is { Duty: CheckDuty.Enforce, Descriptor: { Scope: CheckScope.Whole, Asks: false } } check)
            {
                var again = new CheckRun(check, in _context);
                Look(again, text, 0, final: true);
                var worst = again.Verdict is Disposition.Fix or Disposition.Drop ? check.Use.Unfixable : again.Verdict;
                _afterFix = Dispositions.Strictest(_afterFix, worst);
            }
        }
    }

    public Ruling Rule(string? fixedText)
    {
        var verdict = Verdict;
        if (verdict == Disposition.Allow && fixedText is null && Array.TrueForAll(_runs, run => run.Findings.Count == 0 && run.Error is null))
        {
            return Ruling.Clean;
        }

        var decider = Array.Find(_runs, run => run.Duty == CheckDuty.Enforce && run.Verdict == verdict);
        return new Ruling(verdict, Findings(CheckDuty.Enforce), [.. _runs.Where(run => run.Error is not null).Select(run => run.Error!)])
        {
            FixedTexts = fixedText is null || verdict.Stops() ? [] : [fixedText],
            ShadowFindings = Findings(CheckDuty.Shadow),
            ShadowDisposition = Strictest(CheckDuty.Shadow),
            DecidedBy = decider?.Use.Id,
            RouteTo = verdict.Stops() ? decider?.SendsTo : null,
            SafeText = verdict.Stops() ? decider?.Says ?? _policy.BlockedResponse : null,
        };
    }

    private ImmutableArray<Finding> Findings(CheckDuty duty)
    {
        var all = new Finding[_runs.Sum(run => run.Duty == duty ? run.Findings.Count : 0)];
        var (count, inOrder) = (0, true);
        foreach (var run in _runs)
        {
            for (var i = 0; run.Duty == duty && i < run.Findings.Count; i++)
            {
                all[count] = run.Findings[i];
                inOrder &= count == 0 || all[count - 1].Start <= all[count].Start;
                count++;
            }
        }

        return inOrder ? ImmutableCollectionsMarshal.AsImmutableArray(all) : [.. all.OrderBy(finding => finding.Start)];
    }

    private Disposition Strictest(CheckDuty duty)
    {
        var strictest = Disposition.Allow;
        foreach (var run in _runs)
        {
            strictest = run.Duty == duty ? Dispositions.Strictest(strictest, run.Verdict) : strictest;
        }

        return strictest;
    }

    private void Enlist(string substitute)
    {
        foreach (var run in _runs)
        {
            run.Duty = run.Use.Id == substitute ? CheckDuty.Enforce : run.Duty;
        }
    }

    // An edit that reaches past the limit waits whole: what it will be merged with is not known yet.
    private int CutBeforeOpenEdit(int limit)
    {
        for (var moved = true; moved;)
        {
            moved = false;
            foreach (var run in _runs)
            {
                if (!run.HasEdits)
                {
                    continue;
                }

                foreach (var edit in run.Edits)
                {
                    if (edit.Start < limit && edit.End > limit)
                    {
                        (limit, moved) = (edit.Start, true);
                    }
                }
            }
        }

        return limit;
    }
}
