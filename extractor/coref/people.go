package coref

import (
	"sort"
	"strings"

	"github.com/datelinenews/dateline/extractor/ner"
)

// people joins a person's full names, then gives each surname or given name alone to the full
// name that it belongs to, mention by mention where several fit.
func (r *resolver) people() {
	var full, single []int
	words := make([][]string, len(r.forms))
	for f := range r.forms {
		if r.forms[f].typ != ner.Person {
			continue
		}
		words[f] = withoutSuffix(r.forms[f].words)
		if len(words[f]) > longestName {
			continue
		}
		if len(words[f]) > 1 {
			full = append(full, f)
		} else {
			single = append(single, f)
		}
	}
	// The fullest first: "Elijah Eugene Cummings" takes in "Elijah Cummings".
	sort.SliceStable(full, func(i, j int) bool { return len(words[full[i]]) > len(words[full[j]]) })
	byLast, byFirst, byAny := map[string][]int{}, map[string][]int{}, map[string][]int{}
	for _, f := range full {
		w := words[f]
		joined := false
		for _, g := range head(byLast[w[len(w)-1]]) {
			if sameName(w, words[g]) && !r.clash(f, g) {
				r.union(g, f)
				joined = true
				break
			}
		}
		if !joined {
			for _, g := range head(byFirst[w[0]]) {
				if (len(w) < len(words[g]) && subsequence(w, words[g]) || misspelt(w, words[g])) && !r.clash(f, g) {
					r.union(g, f)
					break
				}
			}
		}
		// "Taw Nee" for "Saw Taw Nee", "Suu Kyi" for "Aung San Suu Kyi" end alike; see sameName.
		last := w[len(w)-1]
		byLast[last] = append(byLast[last], f)
		byFirst[w[0]] = append(byFirst[w[0]], f)
		for _, x := range w {
			byAny[x] = append(byAny[x], f)
			if _, after, ok := strings.Cut(x, "-"); ok && after != "" {
				byAny[after] = append(byAny[after], f)
			}
		}
	}
	r.aliases()
	members := map[int][]int{}
	for _, f := range full {
		root := r.root(f)
		members[root] = append(members[root], f)
	}
	for _, f := range single {
		w := words[f][0]
		candidates := r.roots(byLast[w])
		if len(candidates) == 0 {
			candidates = r.roots(byFirst[w])
		}
		if len(candidates) == 0 {
			candidates = r.roots(byAny[w])
		}
		if len(candidates) == 0 {
			candidates = r.roots(spelt(w, full, words))
		}
		switch len(candidates) {
		case 0:
		case 1:
			r.union(candidates[0], f)
		default:
			r.share(f, candidates, members)
		}
	}
}

// aliases joins two names of a person that the article says are one's: "Ana Bell, also known as Ana Dunn".
func (r *resolver) aliases() {
	for i := 0; i+1 < len(r.mentions); i++ {
		a, b := &r.mentions[i], &r.mentions[i+1]
		if a.Type != ner.Person || b.Type != ner.Person || b.Start-a.End > 60 {
			continue
		}
		between := strings.Trim(r.doc.Text[a.End:b.Start], " ,(“\"‘'")
		for _, by := range [...]string{"nom de guerre", "stage name", "real name", "birth name"} {
			if known, ok := strings.CutSuffix(between, "by the "+by); ok {
				between = known + "as"
			}
			if between == "whose "+by+" is" {
				between = "known as"
			}
		}
		for _, adverb := range [...]string{"who is ", "who was ", "also ", "better ", "best ", "widely ", "popularly ", "commonly "} {
			between = strings.TrimPrefix(between, adverb)
		}
		switch strings.TrimSpace(between) {
		case "known as", "aka", "a.k.a.", "alias", "née":
			r.union(r.formOf[i], r.formOf[i+1])
		}
	}
}

// roots gives the distinct clusters of some forms, in order.
func (r *resolver) roots(forms []int) []int {
	var out []int
	for _, f := range head(forms) {
		root := r.root(f)
		dup := false
		for _, o := range out {
			dup = dup || o == root
		}
		if !dup {
			out = append(out, root)
		}
	}
	sort.Ints(out)
	return out
}

// share, given the full names of each candidate, gives each mention of an ambiguous name to the candidate that was named last before it,
// to the first one named where none was.
func (r *resolver) share(f int, candidates []int, members map[int][]int) {
	type use struct{ mention, root int }
	var uses []use
	for _, root := range candidates {
		for _, g := range members[root] {
			for _, m := range r.forms[g].mentions {
				uses = append(uses, use{m, root})
			}
		}
	}
	sort.Slice(uses, func(i, j int) bool { return uses[i].mention < uses[j].mention })
	next := 0
	if len(uses) == 0 {
		return
	}
	last := uses[0].root
	for _, m := range r.forms[f].mentions {
		for next < len(uses) && uses[next].mention < m {
			last = uses[next].root
			next++
		}
		r.own[m] = last
	}
}

// clash reports whether two people's generations differ: "Jr." and "Sr.".
func (r *resolver) clash(f, g int) bool {
	a, b := suffixOf(r.forms[f].words), suffixOf(r.forms[g].words)
	return a != "" && b != "" && a != b
}

// withoutSuffix drops Jr., Sr. and the like.
func withoutSuffix(words []string) []string {
	if len(words) > 1 && suffixOf(words) != "" {
		return words[:len(words)-1]
	}
	return words
}

func suffixOf(words []string) string {
	switch w := words[len(words)-1]; w {
	case "jr", "sr", "ii", "iii", "iv":
		return w
	}
	return ""
}

// sameName reports whether short (fewer words, or as many) is another way to write long's name:
// the last words are equal, and every other word is found in order, as itself or as its initial.
func sameName(short, long []string) bool {
	if short[len(short)-1] != long[len(long)-1] {
		return false
	}
	i := 0
	rest := short[:len(short)-1]
	for _, w := range long[:len(long)-1] {
		if i < len(rest) && sameGiven(rest[i], w) {
			i++
		}
	}
	if i == len(rest) {
		return true
	}
	// "Nick J. Smith" and "Nick Smith" were found above; "George W. Bush" and "George Walker Bush"
	// too; "J. R. Smith" and "John Smith" share the first initial only.
	return len(rest) > 0 && len(long) == 2 && sameGiven(rest[0], long[0]) && len(rest[len(rest)-1]) == 1
}

// sameGiven reports whether two given names are equal, or one is the other's initial, short or
// misspelt form.
func sameGiven(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 || a[0] != b[0] && nickname(a) != b && nickname(b) != a {
		return false
	}
	if len(a) == 1 {
		return true
	}
	if nickname(a) == b || nickname(b) == a {
		return true
	}
	return len(a) >= 3 && strings.HasPrefix(b, a) || len(a) >= 4 && near(a, b)
}

// misspelt reports whether two full names differ by a slip in one word.
func misspelt(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	slips := 0
	for i := range a {
		if a[i] != b[i] {
			slips++
			if len(a[i]) < 6 || !near(a[i], b[i]) {
				return false
			}
		}
	}
	return slips == 1
}

// spelt gives the full names whose surname is this one but for a slip or another transcription ("Zelensky",
// "Zelenskyy"); only of the first of them, which keeps the work linear.
func spelt(surname string, full []int, words [][]string) []int {
	if len(surname) < 6 {
		return nil
	}
	var out []int
	for _, f := range head(full) {
		last := words[f][len(words[f])-1]
		if len(last) >= 6 && surname[:3] == last[:3] && near(surname, last) {
			out = append(out, f)
		}
	}
	return out
}

// near reports whether one letter added, lost, changed or swapped with the next leads from a to b.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
