package train

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/text"
)

// Plan says what to learn from.
type Plan struct {
	// Own is the articles that both models learn from and that are held out in turn, fold by fold.
	Own *Corpus
	// More is learnt from in every fold; nil: nothing.
	More *Corpus
	// Check is never learnt from; nil: nothing.
	Check *Corpus
	// Recognised adds to each annotated article the same with the names as Finder finds them; the two
	// count half each.
	Recognised bool
	Finder     ner.Finder
	Log        func(format string, args ...any)
}

const folds = 5

// How each part is fitted.
var (
	fitMarks    = Fit{Epochs: 30, Rate: 0.1, Penalty: 2, Least: 3, Runs: 5}
	fitSpeakers = Fit{Epochs: 6, Rate: 0.05, Penalty: 2, Least: 6, Average: true, Runs: 5}
	fitReported = Fit{Epochs: 10, Rate: 0.05, Penalty: 2, Least: 4, Average: true, Runs: 5}
)

// Run learns a model and returns its file.
func Run(p Plan) ([]byte, error) {
	parser, err := text.NewParser()
	if err != nil {
		return nil, fmt.Errorf("train quotes: %w", err)
	}
	r := &reader{parser: parser, finder: p.Finder, both: p.Recognised}
	own, more, check := r.read(p.Own, nil), r.read(p.More, nil), r.read(p.Check, nil)
	// Who spoke depends on which stretches are quotations.
	marks := fit(append(append([]choice(nil), own.marks...), more.marks...), fitMarks)
	for _, x := range []struct {
		to     *decisions
		corpus *Corpus
	}{{&own, p.Own}, {&more, p.More}, {&check, p.Check}} {
		second := r.read(x.corpus, marks)
		x.to.speakers, x.to.reported = second.speakers, second.reported
	}
	var b strings.Builder
	b.WriteString("# Part, feature, weight; see MODEL.md.\n")
	for _, part := range []struct {
		name             string
		how              Fit
		own, more, check []choice
	}{
		{"marks", fitMarks, own.marks, more.marks, check.marks},
		{"speakers", fitSpeakers, own.speakers, more.speakers, check.speakers},
		{"reported", fitReported, own.reported, more.reported, check.reported},
	} {
		if len(part.own) == 0 {
			continue
		}
		var held tally
		for k := range folds {
			var in, out []choice
			for _, c := range part.own {
				if c.article%folds == k {
					out = append(out, c)
				} else {
					in = append(in, c)
				}
			}
			w := fit(append(in, part.more...), part.how)
			held.add(w, out)
		}
		p.Log("%-9s held out, %d folds: %s", part.name, folds, &held)
		w := fit(append(append([]choice(nil), part.own...), part.more...), part.how)
		if len(part.check) > 0 {
			var t tally
			t.add(w, part.check)
			p.Log("%-9s check:            %s", part.name, &t)
		}
		names := make([]string, 0, len(w))
		for f, v := range w {
			if math.Abs(v) >= 0.02 {
				names = append(names, f)
			}
		}
		sort.Strings(names)
		for _, f := range names {
			fmt.Fprintf(&b, "%s\t%s\t%.2f\n", part.name, f, w[f])
		}
		p.Log("%-9s %d decisions, %d weights", part.name, len(part.own)+len(part.more), len(names))
	}
	return []byte(b.String()), nil
}

// tally counts decisions and how often they are right: as the rules propose (the picked option),
// as the model chooses, and as well as any option allows.
type tally struct{ n, rules, chosen, possible int }

func (t *tally) add(w map[string]float64, choices []choice) {
	for _, c := range choices {
		t.n++
		k, _ := best(w, c.options)
		if c.right[k] {
			t.chosen++
		}
		for i, o := range c.options {
			for _, f := range o {
				if f == "picked/" && c.right[i] {
					t.rules++
				}
			}
		}
		any := false
		for _, r := range c.right {
			any = any || r
		}
		if any {
			t.possible++
		}
	}
}

func (t *tally) String() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(max(t.n, 1)) }
	s := fmt.Sprintf("%.1f %% of %d right", share(t.chosen), t.n)
	if t.rules > 0 {
		s += fmt.Sprintf("; the rules alone: %.1f %%; possible: %.1f %%", share(t.rules), share(t.possible))
	}
	return s
}
