package timex

import (
	_ "embed"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed data/words.tsv
var wordsTSV string

// class is a set of the kinds of word that patterns name with $.
type class uint64

// The classes. Those up to clsHoliday come from data/words.tsv; the rest are shapes of numbers.
const (
	clsMonth       class = 1 << iota // any name of a month
	clsMon                           // a name of a month that can stand alone
	clsWeekday                       // any name of a weekday
	clsWday                          // a name of a weekday that can stand alone
	clsUnit                          // day, weeks
	clsUnits                         // days, weeks: the plural alone
	clsPart                          // morning
	clsSeason                        // autumn
	clsOnes                          // one to nine
	clsTeens                         // ten to nineteen
	clsTens                          // twenty, thirty
	clsScale                         // hundred, thousand
	clsFraction                      // ½
	clsOrd                           // first, second
	clsDecadeWord                    // nineties
	clsVague                         // several
	clsZone                          // UTC
	clsAMPM                          // p.m.
	clsHoliday                       // first word of a holiday's name
	clsCore                          // no expression is without one
	clsInt                           // digits alone, at most 4
	clsInt2                          // digits alone, at most 2
	clsDay                           // 1 to 31
	clsHour                          // 0 to 24
	clsYear                          // 4 digits that make a year where nothing speaks against it
	clsY4                            // 4 digits, 1000 to 2999
	clsY2                            // '98
	clsDayOrd                        // 1st to 31st
	clsOrdNum                        // 1st, 22nd, 101st
	clsDecade                        // 1990s, '90s
	clsClock                         // 10:30, 10:30:15, 10.30
	clsClockAMPM                     // 10am, 10:30pm
	clsMil                           // 0830
	clsDot                           // 14.01.2025
	clsNumber                        // any number written in digits
	clsName                          // a capitalised word
	clsQ                             // Q3
	clsHalf                          // H1
	clsFY                            // FY2019
	clsStampT                        // 17T15:00:00Z, the end of an ISO date-time
	clsPlural                        // Mondays, mornings
	clsNoun                          // by its part of speech: a common noun
	clsProper                        // a proper noun
	clsAdjective                     // an adjective
	clsDeterminer                    // the, this, his, he
	clsVerb                          // a verb
	clsPreposition                   // in, to
	clsRelative                      // who, when
	clsWeekdays                      // Mondays
	clsY0                            // 4 digits, the last 0
	clsMeasure                       // miles, after a number
	clsLabel                         // $, before one
	clsDate8                         // 20250114
	clsDotClock                      // 10.30, where a.m. or p.m. follows
	clsMM                            // 1 to 12
	clsSays                          // said: a person's verb
	clsScheduled                     // election: what is arranged long before
	clsOver                          // attack: what a day is told by when it is over
	clsNowadays                      // world: today's is of the present, not of the day
)

var classNames = map[string]class{
	"month": clsMonth, "mon": clsMon, "weekday": clsWeekday, "wday": clsWday, "unit": clsUnit, "units": clsUnits,
	"part": clsPart, "season": clsSeason, "ones": clsOnes, "teens": clsTeens, "tens": clsTens, "scale": clsScale,
	"fraction": clsFraction, "ord": clsOrd, "decadeword": clsDecadeWord, "vague": clsVague, "zone": clsZone,
	"ampm": clsAMPM, "holiday": clsHoliday, "core": clsCore, "int": clsInt, "int2": clsInt2, "day": clsDay,
	"hour": clsHour, "year": clsYear, "y4": clsY4, "y2": clsY2, "dayord": clsDayOrd, "ordnum": clsOrdNum,
	"decade": clsDecade, "clock": clsClock, "clockampm": clsClockAMPM, "mil": clsMil, "dotdate": clsDot,
	"number": clsNumber, "name": clsName, "q": clsQ, "h": clsHalf, "fy": clsFY, "stamp": clsStampT, "plural": clsPlural,
	"noun": clsNoun, "proper": clsProper, "adjective": clsAdjective, "determiner": clsDeterminer, "verb": clsVerb,
	"preposition": clsPreposition, "weekdays": clsWeekdays, "y0": clsY0, "measure": clsMeasure, "label": clsLabel, "date8": clsDate8, "dotclock": clsDotClock, "relative": clsRelative,
	"mm": clsMM, "says": clsSays, "nowadays": clsNowadays, "scheduled": clsScheduled, "over": clsOver,
}

// coreClasses are the classes of which every expression has at least one word.
const coreClasses = clsMonth | clsWeekday | clsWeekdays | clsUnit | clsPart | clsSeason | clsDecadeWord | clsHoliday | clsCore |
	clsYear | clsY2 | clsDecade | clsClock | clsClockAMPM | clsMil | clsDot | clsAMPM | clsQ | clsHalf | clsFY | clsDate8

// word is an entry of the vocabulary.
type word struct {
	text    string
	classes class
	values  []wordValue
}

type wordValue struct {
	class class
	value int32
}

func (w *word) value(c class) int32 {
	for _, v := range w.values {
		if v.class == c {
			return v.value
		}
	}
	return 0
}

// vocab is every word that a rule knows; the index of a word is its id, 0 is no word.
type vocab struct {
	ids     map[string]uint16
	words   []word
	slash   uint16 // the word "/"
	percent uint16 // the word "%"
	may     uint16
	last    uint16
	lasts   uint16
}

func newVocab(tsv string) *vocab {
	v := &vocab{ids: map[string]uint16{}, words: make([]word, 1)}
	for n, line := range lines(tsv) {
		f := strings.Split(line, "\t")
		c, ok := classNames[f[0]]
		value, err := strconv.ParseInt(f[1], 10, 32)
		if len(f) != 3 || !ok || err != nil {
			panic("words.tsv, line " + strconv.Itoa(n) + ": " + line)
		}
		for _, text := range strings.Fields(f[2]) {
			v.add(text, c, int32(value))
		}
	}
	return v
}

// lower is a word in lower case. A word of the vocabulary costs no memory.
func lower(s string) string {
	small := true
	for i := 0; i < len(s) && small; i++ {
		small = s[i] < 'A' || 'Z' < s[i] && s[i] < utf8.RuneSelf
	}
	if small {
		return s
	}
	v := load().vocab
	var a atom
	v.lookup(s, &a)
	if a.word != 0 {
		return v.words[a.word].text
	}
	return strings.ToLower(s)
}

// id is the number of a word, which joins the vocabulary if it is new.
func (v *vocab) id(text string) uint16 {
	if id, ok := v.ids[text]; ok {
		return id
	}
	v.words = append(v.words, word{text: text})
	id := uint16(len(v.words) - 1) //nolint:gosec // a few thousand words
	v.ids[text] = id
	return id
}

func (v *vocab) add(text string, c class, value int32) {
	w := &v.words[v.id(text)]
	w.classes |= c
	w.values = append(w.values, wordValue{c, value})
}

// lines gives the lines of a table by number, without comments and blank ones.
func lines(tsv string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(tsv) {
			n++
			line = strings.TrimRight(line, "\r\n")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}
