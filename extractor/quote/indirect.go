package quote

import (
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/quote/cue"
)

// unmarked finds reported speech without marks and puts all quotes in text order into f.out.
func (f *finder) unmarked() {
	q := 0
	for n := range f.units {
		u := &f.units[n]
		var reported []Quote
		if !u.inTitle {
			reported = f.reported(n)
		}
		for len(u.quotes) > 0 && q < len(f.stretches) && q <= u.quotes[len(u.quotes)-1] {
			if f.found[q] != nil {
				for len(reported) > 0 && reported[0].Start < f.found[q].Start {
					f.out = append(f.out, reported[0])
					reported = reported[1:]
				}
				f.out = append(f.out, *f.found[q])
			}
			q++
		}
		f.out = append(f.out, reported...)
	}
}

// clause is what a frame may report.
type clause struct {
	frame      *frame
	first, end int // items
	how        string
	prep       string // that stands between the cue and the words, if one does
}

// reported gives the reported clauses of a unit, in text order; no two take the same words.
func (f *finder) reported(n int) []Quote {
	u := &f.units[n]
	type scored struct {
		clause
		speaker *Speaker
		p       float64
	}
	var all []scored
	for _, c := range f.clausesOf(n) {
		sp := u.speaker(c.frame)
		if sp == nil {
			continue
		}
		p := f.model.reported.probability(f.clauseFeatures(u, &c, sp))
		least := leastOf(c.how)
		if p < least {
			continue
		}
		all = append(all, scored{c, sp, p})
	}
	// What is reported inside a report is the outer one's: acts of speaking come in order, then what
	// else there is to report.
	sort.SliceStable(all, func(i, j int) bool {
		a, b := &all[i], &all[j]
		if x, y := other(a.how), other(b.how); x || y {
			if x != y {
				return y
			}
			return a.p > b.p
		}
		if a.frame != b.frame {
			return a.frame.cueFirst < b.frame.cueFirst
		}
		return a.p > b.p
	})
	var out []Quote
	taken := make([]bool, len(u.items))
	by := map[*frame]string{}
next:
	for i := range all {
		c := &all[i]
		if how, ok := by[c.frame]; ok && how != c.how && (how != "before" || c.how != "clause") && (how != "clause" || c.how != "before") {
			continue // one reading for each act of speaking
		}
		for k := c.first; k < c.end; k++ {
			if taken[k] {
				continue next
			}
		}
		for k := c.first; k < c.end; k++ {
			taken[k] = true
		}
		by[c.frame] = c.how
		rule := "indirect"
		switch {
		case c.frame.according:
			rule = "indirect-according"
		case phrase(c.how):
			rule = "indirect-phrase"
		}
		s := u.spanOf(c.first, c.end)
		q := Quote{Span: s, Text: s.In(f.doc.Text), Kind: Indirect, Speaker: c.speaker, Cue: u.expression(c.frame.cueFirst, c.frame.cueEnd)}
		q.Rule, q.Score = f.confidence(rule, c.speaker)
		out = append(out, q)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start < out[j].Start })
	return out
}

// How likely a clause must be reported speech. Annotators differ on what somebody is urged to do: some
// count it always, others never; and on what somebody criticises, hails or announces in a few words:
// there it takes more.
const (
	leastReported = 0.45
	leastUrged    = 0.25
	leastStance   = 0.5
	leastPhrase   = 0.62
)

// leastOf is how likely a clause found in this way must be reported speech.
func leastOf(how string) float64 {
	switch {
	case how == "urge":
		return leastUrged
	case phrase(how):
		return leastPhrase
	case strings.HasPrefix(how, "noun") || strings.HasPrefix(how, "adjective"):
		return leastStance
	}
	return leastReported
}

// phrase reports whether a clause is a noun phrase rather than a clause.
func phrase(how string) bool {
	return strings.HasPrefix(how, "object") || how == "noun" || how == "adjective" || how == "noun-short" || how == "adjective-short" || how == "noun-near" || how == "adjective-near"
}

// clausesOf lists what the frames of a unit may report.
func (f *finder) clausesOf(n int) []clause {
	u := &f.units[n]
	var out []clause
	add := func(fr *frame, first, end int, how string) {
		cut := f.free(u, first, end)
		if cut-first < shortestClause || cut < end && (cut-first < longPart || !nounLike(u.at(cut-1)) || !u.hasFinite(first, cut)) {
			return
		}
		out = append(out, clause{fr, first, cut, how, ""})
	}
	for i := range f.frames[n] {
		fr := &f.frames[n][i]
		if fr.subjFirst < 0 || fr.passive {
			continue
		}
		had := len(out)
		f.clausesOfVerb(u, fr, add)
		if len(out) == had && !fr.according {
			u.complements(fr, func(first, end int, how, prep string) {
				if f.free(u, first, end) == end && end > first {
					out = append(out, clause{fr, first, end, how, prep})
				}
			})
		}
	}
	f.stances[n] = u.stanceFrames()
	for i := range f.stances[n] {
		fr := &f.stances[n][i]
		if fr.verb.Class&cue.Hold != 0 {
			u.complements(fr, func(first, end int, how, prep string) {
				if f.free(u, first, end) == end && end > first {
					out = append(out, clause{fr, first, end, how, prep})
				}
			})
			continue
		}
		kind := "noun"
		if stances()[fr.verb.Lemma]&stanceAdjective != 0 && fr.clauseFirst == fr.subjFirst {
			kind = "adjective"
		}
		u.stanceClauses(fr, kind, func(first, end int, how, prep string) {
			if f.free(u, first, end) == end && end > first {
				out = append(out, clause{fr, first, end, how, prep})
			}
		})
	}
	return out
}

// clausesOfVerb adds the clauses that the frame of a verb may report.
func (f *finder) clausesOfVerb(u *unit, fr *frame, add func(fr *frame, first, end int, how string)) {
	if fr.negated {
		return
	}
	{
		switch next := u.at(fr.after); {
		case fr.that || fr.according || fr.inverted:
		case interrogative(next) && !u.closes(fr.after+1):
			add(fr, fr.after, u.clauseEnd(fr.after, fr), "asked")
			return
		case fr.verb.Class&cue.Commit != 0 && next.low == "to" && strings.HasPrefix(u.at(fr.after+1).tag, "VB"):
			add(fr, fr.after, u.clauseEnd(fr.after, fr), "to")
			return
		}
		if !u.mayReport(fr) {
			return
		}
		for _, c := range u.clauses(fr) {
			how := "clause"
			switch {
			case c[0] < fr.cueFirst:
				how = "before"
			case fr.that:
				how = "that"
			case u.urges(fr):
				how = "urge"
			}
			add(fr, c[0], c[1], how)
			if how == "that" || how == "clause" {
				cut := u.comment(c[0], c[1])
				if cut > 0 {
					add(fr, c[0], cut, how+"-cut")
				}
				if and := u.conjunction(c[0], c[1]); and > 0 && and != cut {
					add(fr, c[0], and, how+"-and")
				}
				if far := u.sentenceEnd(c[1]); far > c[1]+1 && !u.saysMore(c[1], far) {
					add(fr, c[0], far, how+"-long")
				}
			}
		}
	}
}

// conjunction is where, in a reported clause, "and" or "but" opens what may be the reporter's own
// clause again; 0 where it does not.
func (u *unit) conjunction(first, end int) int {
	for k := first + shortestClause; k < end-2; k++ {
		it := &u.items[k]
		if it.kind != word || it.low != "and" && it.low != "but" {
			continue
		}
		n := k + 1
		for n < end && u.items[n].kind == word && (u.items[n].tag == "RB" || u.items[n].tag == "," || adverb(u.items[n].low)) {
			n++
		}
		if next := u.at(n); next.kind != word || next.tag != "VBD" && next.tag != "VBZ" && next.tag != "VBP" && next.tag != "VBN" {
			continue
		}
		if u.hasFinite(first, k) {
			if u.items[k-1].low == "," {
				k--
			}
			return k
		}
	}
	return 0
}

// saysMore reports whether something more is said in [first, end).
func (u *unit) saysMore(first, end int) bool {
	for k := range u.known {
		if g := &u.known[k]; g.cueFirst >= first && g.cueFirst < end && g.verb.Class&cue.Say != 0 {
			return true
		}
	}
	return false
}

// sentenceEnd is where the sentence that item i stands in ends, without its last mark; a quotation
// ends it, too.
func (u *unit) sentenceEnd(i int) int {
	end := i
	for end < len(u.items) && end < i+longestClause && (u.items[end].kind != word || u.items[end].tag != ".") && u.items[end].kind != quoted {
		end++
	}
	for end > i && u.items[end-1].kind == word && !letterOrDigit(u.items[end-1].low) && u.items[end-1].low != ")" && u.items[end-1].low != "%" {
		end--
	}
	return end
}

// comment is where, in a reported clause, the reporter's own words may begin: ", which …",
// ", but …", ", a plan that …"; 0 where they do not.
func (u *unit) comment(first, end int) int {
	for k := first + longPart - 3; k < end-2; k++ {
		it := &u.items[k]
		if it.low == "—" || it.low == "–" {
			return k
		}
		if it.low != "," || u.items[k+1].kind == quoted {
			continue
		}
		next := &u.items[k+1]
		switch next.low {
		case "but", "though", "although", "while", "which", "who", "where", "when", "with", "despite", "as", "or", "after":
		default:
			if next.tag != "VBG" && next.tag != "DT" && next.tag != "VBN" {
				continue
			}
		}
		if u.hasFinite(first, k) {
			return k
		}
	}
	return 0
}

// interrogative reports whether an item opens an indirect question.
func interrogative(it *item) bool {
	if it.kind != word {
		return false
	}
	switch it.low {
	case "whether", "how", "why", "what", "if", "who", "where", "when":
		return true
	}
	return false
}

// mayReport reports whether a frame may report a clause without marks.
func (u *unit) mayReport(f *frame) bool {
	return f.verb.Class&(cue.Say|cue.Show|cue.Think) != 0 || u.urges(f)
}

// clauseFeatures describes a clause that speaker s may have spoken.
func (f *finder) clauseFeatures(u *unit, c *clause, s *Speaker) []string {
	fr := c.frame
	out := make([]string, 0, 32)
	add := func(a, b string) { out = append(out, a+"/"+b) }
	add("bias", "")
	add("how", c.how)
	lemma := fr.verb.Lemma
	add("lemma", lemma)
	add(c.how, lemma)
	add("cue", u.at(fr.cueEnd-1).low)
	switch {
	case fr.verb.Class&cue.Say != 0:
		add(c.how, "say")
	case fr.verb.Class&cue.Show != 0:
		add(c.how, "show")
	case fr.verb.Class&cue.Think != 0:
		add(c.how, "think")
	default:
		add(c.how, "other")
	}
	if fr.participle {
		add(c.how, "participle")
		add("participle", lemma)
	}
	if fr.inverted {
		add(c.how, "inverted")
	}
	switch fr.verb.Tense {
	case cue.Base:
		add("tense", "base")
	case cue.Third:
		add("tense", "third")
	case cue.Ing:
		add("tense", "ing")
	default:
		add("tense", "past")
	}
	prev := u.at(fr.cueFirst - 1)
	if prev.kind == word && !fr.inverted {
		switch {
		case prev.tag == "MD" || prev.low == "to":
			add("cue-after", "modal")
		case auxiliary(prev.low):
			add("cue-after", "auxiliary")
		}
	}
	first := u.at(c.first)
	add("first-tag", first.tag)
	if fr.negated {
		add(c.how, "negated")
		add("negated", lemma)
	}
	if c.prep != "" {
		add("prep", c.prep)
		add(c.how, c.prep)
		add(lemma+"-prep", c.prep)
	}
	if other(c.how) {
		base, _, _ := strings.Cut(c.how, "-")
		add(base, lemma)
		add(base+"-first", first.tag)
		add(base+lemma, first.tag)
		add(base+"-end", neighbour(u.at(c.end)))
		add(c.how+"-end", neighbour(u.at(c.end)))
		add(base+"-last", u.at(c.end-1).tag)
		if len(u.quotes) > 0 {
			add(base, "beside-marks")
		}
		if c.end-c.first == 1 {
			add(base+"-one", first.low+first.tag)
		}
	}
	if cut := u.comment(c.first, c.end); cut > 0 {
		add("comment", u.at(cut+1).tag)
		add(c.how, "comment")
	}
	if end := u.at(c.end); strings.HasSuffix(c.how, "-cut") {
		add("cut", u.at(c.end+1).tag)
		add("cut", u.at(c.end+1).low)
		add("cut", end.low)
	} else {
		if strings.HasSuffix(c.how, "-and") {
			add("and", u.at(c.end+1).low)
			add("and", u.at(c.end+1).tag)
			add("and", u.at(c.end+2).tag)
		}
		if and := u.conjunction(c.first, c.end); and > 0 {
			add("joins", u.at(and+1).tag)
			add("joins", u.at(and+1).low)
		}
	}
	if first.kind == word {
		add(c.how+"-first", first.low)
	} else {
		add(c.how+"-first", "name")
	}
	switch n := c.end - c.first; {
	case n <= 1:
		add("length", "1")
	case n <= 2:
		add("length", "2")
	case n <= 4:
		add("length", "3")
	case n <= 6:
		add("length", "5")
	case n <= 10:
		add("length", "7")
	case n <= 20:
		add("length", "11")
	default:
		add("length", "21")
	}
	if c.how != "to" {
		switch {
		case u.opensClause(c.first, c.end):
			add(c.how, "opens")
		case u.hasFinite(c.first, c.end):
			add(c.how, "finite")
		default:
			add(c.how, "verbless")
		}
	}
	for k := c.first; k < c.end; k++ {
		if u.items[k].kind == quoted {
			add("has", "marks")
			break
		}
	}
	if c.first > 0 && c.how == "before" && u.breaks(c.first-1, c.first) {
		add("opens", "sentence")
	}
	kind := f.naming(s)
	if kind == "name" && s.Entity != nil {
		kind = f.entities[*s.Entity].Type.String()
	}
	add("speaker", kind)
	add(c.how+"-speaker", kind)
	if s.Expression != nil {
		if kind == "unnamed" || kind == "nominal" {
			add("speaker-last", lastWord(lower(s.Text)))
		}
		add("speaker-first", firstWord(lower(s.Text)))
	}
	u.steps = 0
	if u.nested(fr) {
		add(c.how, "nested")
	}
	if u.first == 0 {
		add("headline", c.how)
	}
	if u.at(len(u.items)-1).low == "?" {
		add("sentence", "question")
	}
	return out
}

// other reports whether a clause is a complement without a finite verb of its own.
func other(how string) bool {
	return strings.HasPrefix(how, "object") || strings.HasPrefix(how, "noun") || strings.HasPrefix(how, "adjective") || strings.HasPrefix(how, "to")
}

// urges reports whether a frame reports what somebody is asked to do.
func (u *unit) urges(f *frame) bool {
	switch f.verb.Lemma {
	case "call":
		return f.addressed > f.cueFirst+1 // "called on"
	case "urge", "warn", "advise", "implore":
		return f.verb.Class&cue.Urge != 0
	}
	return false
}

// shortestClause is the least number of items of a reported clause.
const shortestClause = 3

// longestClause bounds, in items, a reported clause, which keeps the work linear.
const longestClause = 200

// longPart is the least number of items before a quotation in marks that are reported by themselves.
const longPart = 7

// free is where the part of [first, end) ends that no quotation found in marks takes.
func (f *finder) free(u *unit, first, end int) int {
	for k := first; k < end; k++ {
		if u.items[k].kind == quoted && f.found[u.items[k].ref] != nil {
			for k > first && u.items[k-1].kind == word && (!letterOrDigit(u.items[k-1].low) || linking(u.items[k-1].low) || u.items[k-1].tag == "DT" || u.items[k-1].low == "as") {
				k--
			}
			return k
		}
	}
	return end
}
