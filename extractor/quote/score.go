package quote

import (
	_ "embed"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/datelinenews/dateline/extractor/ner"
)

// How often each rule is right, by how its speaker was named; see data/MODEL.md.
//
//go:embed data/scores.tsv
var scoresTSV string

var scores = sync.OnceValue(func() map[string]float64 {
	m := map[string]float64{}
	for line := range strings.Lines(scoresTSV) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if len(cells) < 3 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(cells[2], 64); err == nil {
			m[cells[0]+"/"+cells[1]] = v
		}
	}
	return m
})

// seldom is the score of what the development articles do not have.
const seldom = 0.67

// confidence gives the rule that decided, "none" where nobody was found to speak, and the
// probability that the speaker is right.
func (f *finder) confidence(rule string, s *Speaker) (string, float64) {
	if s == nil {
		return "none", 0
	}
	if score, ok := scores()[rule+"/"+f.naming(s)]; ok {
		return rule, score
	}
	return rule, seldom
}

// naming says how a speaker is named: by name, by a pronoun, by a common noun whose entity was
// found ("nominal") or was not ("unnamed").
func (f *finder) naming(s *Speaker) string {
	switch {
	case s.Entity == nil:
		return "unnamed"
	case s.Expression == nil:
		return "name"
	}
	switch lower(s.Text) {
	case "he", "she", "it", "they", "him", "her":
		return "pronoun"
	}
	first := sort.Search(len(f.mentions), func(i int) bool { return f.mentions[i].Start >= s.Start })
	for _, m := range f.mentions[first:] {
		if m.Start >= s.End {
			break
		}
		if m.Entity == *s.Entity && m.Form != ner.Pronoun {
			return "name"
		}
	}
	return "nominal"
}
