package timex

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

// The grammar is data/rules.tsv, a rule a line: group, name, pattern, meaning, example, and what
// the example gives. A pattern is a row of elements between spaces, one a token:
//
//	word       that word, whatever its case
//	$class     a word of the class; its value goes into the field of that name ($int:day: into day)
//	{group}    the longest stretch that a rule of the group takes, kept as a part of its own
//	<group>    the same, but what it says is said by this rule too
//	{n} {o}    a cardinal or an ordinal number, in words or digits
//	{w}        a cardinal number in words
//	{y}        a year in words: nineteen ninety-seven, two thousand five
//	{h}        the name of a holiday
//	a|b        either
//	a?         a or nothing
//	~a         a with no space before it
//	^a ^!a     only where a stands (or does not stand) before the match; first in the pattern
//	=a =!a     only where a follows (or does not follow) the match; last in the pattern
//	==a ==!a   the same of the token after the next
//
// The meaning sets further fields, above all op: how resolve.go reads the rest. Of the rules of a
// group the longest match wins, then the first. Groups are not recursive, so that a match never
// looks further than the sum of its elements, and the work is linear in the text.

//go:embed data/rules.tsv
var rulesTSV string

type altKind uint8

const (
	altWord altKind = iota
	altClass
	altSub
	altInline
	altCardinal
	altOrdinal
	altHoliday
	altWords // a cardinal number in words
	altYear  // a year in words
)

type alt struct {
	kind  altKind
	field field
	word  uint16
	group int16
	class class
}

type element struct {
	alts  []alt
	opt   bool
	tight bool
	look  int8 // -1: before the match, 1: after it, 2: one token further
	not   bool
	stops bool // a full stop is among the alternatives
}

// rule is a line of the table.
type rule struct {
	group, name   string
	elements      []element
	set           []assignment
	example, want string
	line          int
}

type assignment struct {
	field field
	value int32
}

// group is the rules of one name, and which of them can start where.
type group struct {
	name    string
	rules   []int16
	byWord  map[uint16][]int16
	byClass [64][]int16
	words   []uint64 // bit set of the words in byWord
	classes class    // of the keys of byClass
	state   int      // while compiling: 0 new, 1 under way, 2 done
}

type grammar struct {
	vocab    *vocab
	rules    []rule
	groups   []group
	top      int16
	cont     int16 // the group of days that go on from others
	holidays []holiday

	holidaysAt map[uint16][]int32 // the holidays by the first word of their name
}

// load compiles the embedded tables, once. They are part of the program: a damaged line is a
// mistake of ours, and panics in every test.
var load = sync.OnceValue(func() *grammar {
	g := &grammar{vocab: newVocab(wordsTSV)}
	g.holidays = loadHolidays(g.vocab)
	g.holidaysAt = map[uint16][]int32{}
	for i := range g.holidays {
		first := g.holidays[i].words[0]
		g.holidaysAt[first] = append(g.holidaysAt[first], int32(i))
	}
	g.vocab.slash, g.vocab.may, g.vocab.last, g.vocab.lasts = g.vocab.id("/"), g.vocab.id("may"), g.vocab.id("last"), g.vocab.id("lasts")
	g.vocab.percent = g.vocab.id("%")
	for _, w := range [...]string{"-", "“", "”"} {
		g.vocab.id(w)
	}
	ids := map[string]int16{}
	var rows [][]string
	for n, line := range lines(rulesTSV) {
		f := append(strings.Split(line, "\t"), "", "", "", "")[:6]
		if _, ok := ids[f[0]]; !ok {
			ids[f[0]] = int16(len(g.groups))
			g.groups = append(g.groups, group{name: f[0], byWord: map[uint16][]int16{}})
		}
		gr := &g.groups[ids[f[0]]]
		gr.rules = append(gr.rules, int16(len(g.rules)))
		g.rules = append(g.rules, rule{group: f[0], name: f[1], example: f[4], want: f[5], line: n})
		rows = append(rows, f)
	}
	for i, f := range rows {
		if err := g.compile(&g.rules[i], f[2], f[3], ids); err != nil {
			panic(fmt.Sprintf("rules.tsv, line %d: %v", g.rules[i].line, err))
		}
	}
	for i := range g.groups {
		g.index(int16(i))
	}
	top, ok := ids["expr"]
	if !ok {
		panic("rules.tsv: no group expr")
	}
	g.top, g.cont = top, ids["cont"]
	return g
})

func (g *grammar) compile(r *rule, pattern, meaning string, groups map[string]int16) error {
	for _, s := range strings.Fields(pattern) {
		var e element
		if len(s) > 1 && s[0] == '^' {
			e.look, s = -1, s[1:]
		} else if len(s) > 1 && s[0] == '=' {
			e.look, s = 1, s[1:]
			if rest, ok := strings.CutPrefix(s, "="); ok && rest != "" {
				e.look, s = 2, rest
			}
		}
		if e.look != 0 && len(s) > 1 && s[0] == '!' {
			e.not, s = true, s[1:]
		}
		if rest, ok := strings.CutPrefix(s, "~"); ok && rest != "" {
			e.tight, s = true, rest
		}
		if rest, ok := strings.CutSuffix(s, "?"); ok && rest != "" {
			e.opt, s = true, rest
		}
		for _, a := range strings.Split(s, "|") {
			a = strings.TrimPrefix(a, "~") // of "~+|~-" the first counts for all
			x, err := g.alternative(a, groups)
			if err != nil {
				return err
			}
			e.alts = append(e.alts, x)
			e.stops = e.stops || a == "."
		}
		r.elements = append(r.elements, e)
	}
	for _, s := range strings.Fields(meaning) {
		name, value, _ := strings.Cut(s, "=")
		f, ok := fieldNames[name]
		if !ok {
			return fmt.Errorf("no field %q", name)
		}
		names := constants
		if f == fOp {
			names = ops
		}
		n, ok := names[value]
		if !ok {
			i, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return fmt.Errorf("no constant %q", value)
			}
			n = int32(i)
			if f == fNum {
				n *= 1000
			}
		}
		r.set = append(r.set, assignment{f, n})
	}
	if len(r.elements) == 0 {
		return fmt.Errorf("empty pattern")
	}
	return nil
}

func (g *grammar) alternative(s string, groups map[string]int16) (alt, error) {
	body, as := s, ""
	if len(s) > 1 && strings.ContainsAny(s[:1], "${<") {
		body = strings.TrimRight(s[1:], "}>")
		body, as, _ = strings.Cut(body, ":")
	}
	x := alt{field: noField}
	if as != "" {
		f, ok := fieldNames[as]
		if !ok {
			return x, fmt.Errorf("no field %q in %q", as, s)
		}
		x.field = f
	}
	switch {
	case body == s:
		x.kind, x.word = altWord, g.vocab.id(s)
	case s[0] == '$':
		c, ok := classNames[body]
		if !ok {
			return x, fmt.Errorf("no class %q", body)
		}
		x.kind, x.class = altClass, c
		if as == "" {
			x.field = classFields[c]
		}
	case body == "h":
		x.kind = altHoliday
	case body == "y":
		x.kind = altYear
		if as == "" {
			x.field = fYear
		}
	case body == "w":
		x.kind = altWords
	case body == "n" || body == "o":
		x.kind = altCardinal
		f := fNum
		if body == "o" {
			x.kind, f = altOrdinal, fOrd
		}
		if as == "" {
			x.field = f
		}
	default:
		id, ok := groups[body]
		if !ok {
			return x, fmt.Errorf("no group %q", body)
		}
		x.kind, x.group = altSub, id
		if s[0] == '<' {
			x.kind = altInline
		}
	}
	return x, nil
}

// index finds by what words and classes the rules of a group can start.
func (g *grammar) index(id int16) {
	gr := &g.groups[id]
	if gr.state == 1 {
		panic("rules.tsv: the group " + gr.name + " is part of itself")
	}
	if gr.state == 2 {
		return
	}
	gr.state = 1
	for _, r := range gr.rules {
		words := map[uint16]bool{}
		var classes class
	elements:
		for _, e := range g.rules[r].elements {
			if e.look < 0 {
				continue
			}
			for _, a := range e.alts {
				switch a.kind {
				case altWord:
					words[a.word] = true
				case altClass:
					classes |= a.class
				case altYear:
					classes |= clsOnes | clsTeens | clsTens
				case altWords:
					classes |= clsOnes | clsTeens | clsTens
				case altCardinal:
					classes |= clsNumber | clsOnes | clsTeens | clsTens | clsScale | clsFraction
					words[g.vocab.id("a")] = true
				case altHoliday:
					classes |= clsHoliday
				case altOrdinal:
					classes |= clsOrd | clsOrdNum | clsTens
				default:
					g.index(a.group)
					for w := range g.groups[a.group].byWord {
						words[w] = true
					}
					classes |= g.groups[a.group].classes
				}
			}
			if !e.opt {
				break elements
			}
		}
		for w := range g.vocab.words {
			if g.vocab.words[w].classes&classes != 0 {
				words[uint16(w)] = true
			}
		}
		for w := range words {
			gr.byWord[w] = append(gr.byWord[w], r)
		}
		for c := classes; c != 0; c &= c - 1 {
			b := bits.TrailingZeros64(uint64(c))
			gr.byClass[b] = append(gr.byClass[b], r)
		}
		gr.classes |= classes
	}
	gr.words = make([]uint64, 1+len(g.vocab.words)/64+16)
	for w := range gr.byWord {
		gr.words[w/64] |= 1 << (w % 64)
	}
	gr.state = 2
}
