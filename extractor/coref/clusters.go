package coref

import (
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
)

// most bounds the candidates that a lookup weighs, which keeps the work linear.
const most = 16

// settleTypes gives each mention the type that most mentions of its exact surface have (of equals,
// the first), or an organisation's where it is a company's: a recogniser may waver, a name in one article rarely does.
func settleTypes(mentions []ner.Mention) []ner.Type {
	votes := map[string]*[4]float64{}
	for i := range mentions {
		v := votes[mentions[i].Text]
		if v == nil {
			v = new([4]float64)
			votes[mentions[i].Text] = v
		}
		v[mentions[i].Type&3]++
	}
	out := make([]ner.Type, len(mentions))
	for i := range mentions {
		v := votes[mentions[i].Text]
		best := mentions[i].Type
		for t := ner.Person; t <= ner.Place; t++ {
			if v[t] > 2*v[best&3] {
				best = t
			}
		}
		out[i] = best
	}
	// A company named in full elsewhere is no person: "Elbe Logistik" beside "Elbe Logistik GmbH".
	// So is its first word alone, where nobody has that name: "Acme" beside "Acme Pumps Inc.".
	companies, people := map[string]bool{}, map[string]bool{}
	for i := range mentions {
		if out[i] == ner.Person {
			if words := normalise(mentions[i].Text, ner.Person); len(words) > 1 {
				for _, w := range words {
					people[w] = true
				}
			}
		}
	}
	for i := range mentions {
		if out[i] == ner.Organisation {
			words := normalise(mentions[i].Text, ner.Organisation)
			if core := withoutLegalForm(words); len(core) < len(words) {
				companies[strings.Join(core, " ")] = true
				if !people[core[0]] {
					companies[core[0]] = true
				}
			}
		}
	}
	for i := range mentions {
		if len(companies) > 0 && out[i] == ner.Person && companies[strings.Join(normalise(mentions[i].Text, ner.Organisation), " ")] {
			out[i] = ner.Organisation
		}
	}
	return out
}

// definitions joins a name with what stands in brackets right after it, where one of the two is
// the other's initialism: "Karen National Union (KNU)".
func (r *resolver) definitions() {
	for i := 0; i+1 < len(r.mentions); i++ {
		a, b := &r.mentions[i], &r.mentions[i+1]
		if b.Start <= a.End || b.Start-a.End > 12 {
			continue
		}
		switch strings.TrimSpace(r.doc.Text[a.End:b.Start]) {
		case "(", "(the", "(or", "[", "(“", "(\"", ", or", ", or the":
		default:
			continue
		}
		fa, fb := r.formOf[i], r.formOf[i+1]
		long, short := fa, fb
		if r.forms[fa].acronym != "" && r.forms[fb].acronym == "" {
			long, short = fb, fa
		}
		l, s := &r.forms[long], &r.forms[short]
		if s.acronym == "" && s.typ == l.typ && s.typ == ner.Organisation && long == fa && shortens(s.words, l.words) {
			r.union(long, short)
		}
		if s.acronym == "" || l.acronym != "" {
			continue
		}
		ticker := strings.HasPrefix(r.doc.Text[b.End:], ":") // "Acme Inc. (NYSE: ACM)"
		if s.typ == l.typ && l.typ != ner.Place && !ticker || r.abbreviates(s, l) {
			r.union(long, short)
		}
	}
}

// shortens reports whether what stands in brackets after a name is a short form of it that is no plain
// initialism: one spelt like a word ("Redas"), or one that keeps the first word ("Africa CDC").
func shortens(short, long []string) bool {
	n := len(short)
	if n == 1 {
		s := strings.ToUpper(short[0])
		for _, in := range initialisms(long) {
			if in == s {
				return true
			}
		}
		return false
	}
	return n < len(long) && prefixOf(short[:n-1], long) && spells(short[n-1], long[n-1:])
}

func (r *resolver) abbreviates(s, l *form) bool {
	for _, in := range initialisms(l.words) {
		if in == s.acronym {
			return true
		}
	}
	return spells(s.acronym, l.words)
}

// places joins a country's names, and initialisms of places.
func (r *resolver) places() {
	byCanon := map[string]int{}
	byLetters := map[string]int{}
	for f := range r.forms {
		if r.forms[f].typ != ner.Place {
			continue
		}
		c := canonicalPlace(r.forms[f].words)
		if g, ok := byCanon[c]; ok {
			r.union(g, f)
		} else {
			byCanon[c] = f
		}
		for _, in := range initialisms(r.forms[f].words) {
			if _, ok := byLetters[in]; !ok {
				byLetters[in] = f
			}
		}
	}
	for f := range r.forms {
		if a := r.forms[f].acronym; a != "" && r.forms[f].typ == ner.Place {
			if g, ok := byLetters[a]; ok {
				r.union(g, f)
			}
		}
	}
	// "Fath" after "Fath Airport".
	byFirst := map[string][]int{}
	for f := range r.forms {
		w := r.forms[f].words
		if r.forms[f].typ == ner.Place && len(w) > 1 && genericPlace(w[len(w)-1]) {
			byFirst[w[0]] = append(byFirst[w[0]], f)
		}
	}
	for f := range r.forms {
		w := r.forms[f].words
		if r.forms[f].typ != ner.Place || genericPlace(w[len(w)-1]) {
			continue
		}
		for _, g := range head(byFirst[w[0]]) {
			// A town named before the county is another place; a sea named before is the same.
			if (g < f || sole(r.forms[g].words)) && len(w) < len(r.forms[g].words) && prefixOf(w, r.forms[g].words) {
				r.union(g, f)
				break
			}
		}
	}
}

// sole reports whether no other place has the name of a sea, an ocean or heights without the noun.
func sole(words []string) bool {
	switch words[len(words)-1] {
	case "sea", "ocean", "heights", "desert", "peninsula", "mountains":
		return true
	}
	return false
}

func head(s []int) []int {
	if len(s) > most {
		return s[:most]
	}
	return s
}

func prefixOf(short, long []string) bool {
	if len(short) > len(long) {
		return false
	}
	for i := range short {
		if short[i] != long[i] {
			return false
		}
	}
	return true
}

// organisations joins organisations' names: without legal form, by initialism, by short form.
func (r *resolver) organisations() {
	core := make([][]string, len(r.forms))
	byCore := map[string]int{}
	byBag := map[string]int{}
	bySquashed := map[string]int{}
	byLetters := map[string]int{}
	byFirst, byLast := map[string][]int{}, map[string][]int{}
	var orgs []int
	for f := range r.forms {
		if r.forms[f].typ != ner.Organisation {
			continue
		}
		orgs = append(orgs, f)
		core[f] = withoutLegalForm(r.forms[f].words)
		c := strings.Join(core[f], " ")
		if g, ok := byCore[c]; ok {
			r.union(g, f)
		} else {
			byCore[c] = f
		}
		if q := squashed(core[f]); q != "" {
			if g, ok := bySquashed[q]; ok {
				r.union(g, f)
			} else {
				bySquashed[q] = f
			}
		}
		if b := bag(core[f]); b != "" {
			if g, ok := byBag[b]; ok {
				r.union(g, f)
			} else {
				byBag[b] = f
			}
		}
		for _, words := range [][]string{r.forms[f].words, core[f], withoutCountry(core[f])} {
			for _, in := range initialisms(words) {
				if _, ok := byLetters[in]; !ok {
					byLetters[in] = f
				}
			}
		}
		if n := len(core[f]); n > 1 && n <= longestName {
			byFirst[core[f][0]] = append(byFirst[core[f][0]], f)
			byLast[core[f][n-1]] = append(byLast[core[f][n-1]], f)
		}
	}
	for _, f := range orgs {
		if a := r.forms[f].acronym; a != "" {
			if g, ok := byLetters[a]; ok && g != f {
				r.union(g, f)
			} else if b, ok := strings.CutSuffix(a, "S"); ok && len(b) > 1 {
				if g, ok := byLetters[b]; ok && g != f {
					r.union(g, f)
				}
			}
		}
	}
	// Short forms, longest first, so that "Oversight Committee" meets its own long form before a
	// shorter one meets it.
	order := append([]int(nil), orgs...)
	sort.SliceStable(order, func(i, j int) bool { return len(core[order[i]]) > len(core[order[j]]) })
	for _, f := range order {
		if r.forms[f].acronym != "" && len(core[f]) == 1 {
			continue
		}
		w := r.expand(core[f], byLetters, core)
		best, bestScore := -1, 0
		try := func(g, score int) {
			if g == f || len(core[g]) <= len(w) || !subsequence(w, core[g]) {
				return
			}
			if r.forms[g].mentions[0] < r.forms[f].mentions[0] {
				score += 4
			} else if len(w) == 1 && prefixOf(w, core[g]) && len(r.forms[f].mentions) > 1 {
				return // "Acme Stores" is a part of the Acme that was spoken of before
			}
			if len(w) == 1 && w[0] == "house" && !hasAny(core[g], "representatives", "commons", "lords") {
				return // a chamber is no White House, and no committee of its own
			}
			if prefixOf(w, core[g]) {
				score++
			}
			if score > bestScore {
				best, bestScore = g, score
			}
		}
		for _, g := range head(byFirst[w[0]]) {
			try(g, 1)
		}
		for _, g := range head(byLast[w[len(w)-1]]) {
			try(g, 1)
		}
		if best < 0 && len(w) == len(core[f]) {
			continue
		}
		if best < 0 { // written out, it is a name by itself
			if g, ok := byCore[strings.Join(w, " ")]; ok {
				r.union(g, f)
			}
			continue
		}
		r.union(best, f)
	}
}

func hasAny(words []string, any ...string) bool {
	for _, w := range words {
		for _, a := range any {
			if w == a {
				return true
			}
		}
	}
	return false
}

// squashed is a name without what writers put between its parts or leave out ("al-Qaeda", "al
// Qaeda"; "Workers' Party", "Workers Party"; "Republicans", "Republican"); "" where it is short.
func squashed(words []string) string {
	s := strings.NewReplacer("-", "", "'", "", "/", "").Replace(strings.Join(words, ""))
	s = strings.TrimSuffix(s, "s")
	if len(s) < 6 {
		return ""
	}
	return s
}

// expand writes an initialism inside a longer name out: "Karen BGF" is "Karen Border Guard Force"
// where such a name is known by its letters.
func (r *resolver) expand(words []string, byLetters map[string]int, core [][]string) []string {
	n := len(words)
	if n < 2 || n > 4 {
		return words
	}
	last := strings.ToUpper(words[n-1])
	// Defined for the whole: "Karen Border Guard Force (BGF)".
	for _, c := range head(r.longForms(last)) {
		if subsequence(words[:n-1], r.forms[c].words) {
			return core[c]
		}
	}
	g, ok := byLetters[last]
	if !ok || len(core[g]) < 2 {
		return words
	}
	return append(append([]string(nil), words[:n-1]...), core[g]...)
}

// longForms gives the names that stand in one cluster with an initialism of these letters.
func (r *resolver) longForms(letters string) []int {
	if r.long == nil {
		r.long = map[string][]int{}
		byRoot := map[int]string{}
		for f := range r.forms {
			if a := r.forms[f].acronym; a != "" && r.forms[f].typ == ner.Organisation {
				byRoot[r.root(f)] = a
			}
		}
		for f := range r.forms {
			if r.forms[f].acronym == "" {
				if a, ok := byRoot[r.root(f)]; ok {
					r.long[a] = append(r.long[a], f)
				}
			}
		}
	}
	return r.long[letters]
}

// bag is a name's content words in alphabetical order, so that "Justice Department" and
// "Department of Justice" meet; "" for names of one word.
func bag(words []string) string {
	var ws []string
	for _, w := range words {
		if !small(w) && w != "us" {
			ws = append(ws, w)
		}
	}
	if len(ws) < 2 {
		return ""
	}
	sort.Strings(ws)
	return strings.Join(ws, " ")
}
