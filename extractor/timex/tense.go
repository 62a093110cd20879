package timex

import (
	"slices"
	"strings"

	"github.com/datelinenews/dateline/extractor/text"
)

// future reports whether the clause around the expression speaks of what is to come.
func (r *resolver) future(e *expr) bool { return r.tense(e) > 0 }

// tense is 1 where the clause around the expression speaks of what is to come, -1 where it speaks
// of what was, 0 where it does not say. The verb before the expression decides, or else the next
// one after it.
func (r *resolver) tense(e *expr) int {
	toks := r.doc.Tokens
	s := r.doc.Sentences[toks[e.first].Sentence]
	if tensed := introduced(toks, e.first, s.FirstToken); tensed != 0 {
		return tensed
	}
	first, last := max(s.FirstToken, e.first-24), min(s.EndToken, e.end+12)
	if arranged(toks, e.first, first) {
		return 1
	}
	for i := e.first - 1; i >= first; i-- {
		if t, stop := verb(toks, i, first); stop {
			return t
		}
		if toks[i].Tag == "VBG" && i > s.FirstToken && (toks[i-1].Text == "After" || toks[i-1].Text == "after") {
			return -1 // "After losing on Tuesday"
		}
	}
	for i := e.end; i < last; i++ {
		if t, stop := verb(toks, i, first); stop {
			return t
		}
	}
	return 0
}

// will reports whether "will" or "shall" is the last verb's before the expression: "will meet
// Monday".
func (r *resolver) will(e *expr) bool {
	return r.modal(e, "will", "'ll", "’ll", "shall", "wo")
}

// modal reports whether the last verb before the expression stands with one of the modals.
func (r *resolver) modal(e *expr, modals ...string) bool {
	toks := r.doc.Tokens
	first := max(r.doc.Sentences[toks[e.first].Sentence].FirstToken, e.first-12)
	for i := e.first - 1; i >= first; i-- {
		switch t := &toks[i]; t.Tag {
		case "MD":
			return slices.Contains(modals, lower(t.Text))
		case "VBD", "VBZ", "VBP", "VBG":
			return false
		}
	}
	return false
}

// introduced is what the words just before a date say: "since", "as of" look back.
func introduced(toks []text.Token, i, first int) int {
	if i <= first {
		return 0
	}
	for j := i - 1; j >= first && j >= i-5; j-- { // "his next court appearance on April 5"
		if toks[j].Text == "next" || toks[j].Text == "upcoming" {
			return 1
		}
		if c := toks[j].Text[0]; c == ',' || c == '.' || c == ';' {
			break
		}
	}
	if toks[i-1].Text == "come" {
		return 1 // "come November"
	}
	for j := i - 1; j > first && j >= i-8 && toks[j].Tag[0] != 'V' && toks[j].Text != ","; j-- {
		if toks[j-1].Text == "ahead" && (toks[j].Text == "of" || j == i-1 && toks[j].Text == "to") {
			return 1 // "looking ahead to the fall", "ahead of the caucuses on Monday"
		}
	}
	for j := i - 1; j >= first && j >= i-2; j-- { // "filings due Sunday", "a vote set for Monday"
		switch toks[j].Text {
		case "due", "scheduled", "slated", "set":
			if toks[j].Text == "set" && toks[j+1].Text == "on" {
				return 0 // "the record set on Aug. 6"
			}
			if j > first && toks[j-1].Text == "been" || j > first && (toks[j-1].Text == "was" || toks[j-1].Text == "were") {
				break
			}
			return 1
		case "on", "for", "at", "by":
			continue
		}
		break
	}
	switch lower(toks[i-1].Text) {
	case "since":
		return -1
	case "of":
		if i-2 >= first && strings.EqualFold(toks[i-2].Text, "as") {
			return -1
		}
	}
	return 0
}

// verb is what the word at token i says of its clause's time, and whether the search ends with it.
func verb(toks []text.Token, i, first int) (tense int, stop bool) {
	t := &toks[i]
	switch t.Tag {
	case "MD":
		switch lower(t.Text) {
		case "will", "'ll", "’ll", "shall", "wo", "may", "might", "should", "must":
			return 1, true
		}
		return 0, true
	case "VBD":
		if supposed(toks, i, first) {
			return 1, true
		}
		return -1, true
	case "VBN":
		if planned(t.Text) && i > first {
			if i-2 >= first && toks[i-1].Text == "been" && toks[i-2].Text == "had" {
				return -1, true // "had been scheduled to expire on Friday"
			}
			switch lower(toks[i-1].Text) {
			case "is", "are", "be", "'s", "’s", "'re", "now", "currently", "also", "not":
				return 1, true
			case "been":
				if i-2 >= first && (toks[i-2].Text == "has" || toks[i-2].Text == "have") {
					return 1, true
				}
			}
			return 0, true
		}
		for j := i - 1; j >= first && j >= i-3; j-- {
			switch toks[j].Text {
			case "be":
				return prospect(toks, j, first), true
			case "is", "are":
				return conditional(toks, j, first), true // "votes are counted on Monday"
			}
		}
		return -1, true
	case "VB":
		if i > first && toks[i-1].Text == "to" {
			for j := i - 2; j >= first && j >= i-4; j-- {
				if j > first+1 && planned(toks[j].Text) && toks[j-1].Text == "been" && toks[j-2].Text == "had" {
					return -1, true
				}
				if planned(toks[j].Text) || intent(toks[j].Text) || toks[j].Tag == "VBZ" || toks[j].Tag == "VBP" {
					return 1, true
				}
			}
			if i-2 >= first && (toks[i-2].Text == "was" || toks[i-2].Text == "were") {
				return 0, true // "his term was to end in August": the nearest
			}
			for j := i - 2; j >= first && j >= i-16; j-- {
				if ordered(toks[j].Text) {
					return 1, true // "asked the ministry to report on Monday"
				}
			}
		}
	case "VBZ", "VBP":
		if supposed(toks, i, first) || conditional(toks, i, first) > 0 {
			return 1, true
		}
		switch lower(t.Text) {
		case "expects", "expect", "plans", "plan", "hopes", "hope", "intends", "intend", "aims", "aim", "begins", "begin",
			"ends", "end", "closes", "close", "votes", "vote", "holds", "hold", "speaks", "speak", "airs", "air", "plays", "play", "launches", "premieres", "debuts",
			"starts", "start", "opens", "open", "reopen", "reopens", "resumes", "resume", "hosts", "host", "visits", "visit", "travels", "leaves", "expires", "expire", "meets", "meet", "takes", "runs", "arrives", "returns":
			return 1, true
		case "is", "are", "'s", "’s", "'re", "’re":
			if i+1 < len(toks) && (toks[i+1].Tag == "VBG" || toks[i+1].Text == "to") {
				return 0, true
			}
		}
		if !auxiliary(t.Text) {
			return 0, true
		}
	case "JJ":
		switch t.Text {
		case "payable", "effective", "upcoming":
			return 1, true
		case "due", "likely", "set", "scheduled":
			if i > first {
				switch toks[i-1].Text {
				case "is", "are", "be", "'s", "’s", "'re", "now":
					return 1, true
				}
			}
		}
	}
	return 0, false
}

// prospect is what stands before "be": "will be held" and "to be held" are ahead, "could be found"
// need not be.
func prospect(toks []text.Token, be, first int) int {
	for j := be - 1; j >= first && j >= be-3; j-- {
		switch lower(toks[j].Text) {
		case "will", "'ll", "’ll", "shall", "wo", "may", "might", "should", "must", "to":
			return 1
		case "could", "would", "can":
			return 0
		}
	}
	return 0
}

// conditional is 1 where "if" and its like open the clause of the verb at token i: "if he is elected
// in May".
func conditional(toks []text.Token, i, first int) int {
	for j := i - 1; j >= first && j >= i-8; j-- {
		switch toks[j].Text {
		case "if", "If", "unless", "Unless", "once", "Once", "when", "When":
			return 1
		case ",", ";":
			return 0
		}
	}
	return 0
}

// supposed reports whether "if" opens the clause of the verb at token i, and nobody asks whether:
// "if he wins in May", but "was asked if they met in May".
func supposed(toks []text.Token, i, first int) bool {
	for j := i - 1; j >= first && j >= i-5; j-- {
		switch toks[j].Text {
		case "if", "If":
			if j == first {
				return true
			}
			switch toks[j-1].Tag {
			case "VB", "VBD", "VBN", "VBG", "VBP", "VBZ", "PRP", "NN", "NNP":
				return false
			}
			return true
		case ",", ";", "that", "who", "which":
			return false
		}
	}
	return false
}

// planned reports whether a participle or a noun speaks of plans.
func planned(s string) bool {
	switch lower(s) {
	case "expected", "scheduled", "planned", "due", "set", "slated", "supposed", "plans", "plan", "likely", "expects", "intends", "hopes",
		"going", "projected", "forecast", "predicted", "anticipated":
		return true
	}
	return false
}

// overdue reports whether the clause tells in the past what was planned for the time of an
// expression: "was expected to leave on Wednesday", "games scheduled for Wednesday were held". The
// nearest such day is meant, even where it is over.
func (r *resolver) overdue(e *expr) bool {
	toks := r.doc.Tokens
	first := max(r.doc.Sentences[toks[e.first].Sentence].FirstToken, e.first-12)
	for i := e.first - 1; i > first; i-- {
		if toks[i].Tag == "MD" {
			return false
		}
		if toks[i].Tag[0] != 'V' && toks[i].Tag[0] != 'J' || !planned(toks[i].Text) {
			continue
		}
		at := i - 1 // of the "was" that says so
		if strings.HasPrefix(toks[at].Tag, "NN") {
			at = e.end
		}
		return at < len(toks) && (toks[at].Text == "was" || toks[at].Text == "were")
	}
	return false
}

// ordered reports whether a verb, with an infinitive behind it, asks for what is to come.
func ordered(s string) bool {
	switch s {
	case "asked", "ordered", "urged", "told", "instructed", "directed", "invited", "required", "requested", "summoned", "obliged", "advised":
		return true
	}
	return false
}

// intent reports whether a noun, with an infinitive behind it, speaks of what is to come: "an
// agreement to buy".
func intent(s string) bool {
	switch s {
	case "agreement", "deal", "decision", "proposal", "offer", "option", "intention", "promise", "pledge", "bid", "commitment", "agreements", "proposals":
		return true
	}
	return false
}

// arranged reports whether the verb right before token i is in the present progressive: "is
// arriving on Tuesday".
func arranged(toks []text.Token, i, first int) bool {
	j := i - 1
	for n := 0; j > first && n < 2 && toks[j].Tag != "VBG"; n++ {
		switch toks[j].Text {
		case "on", "here", "in", "there", "for":
			j--
		default:
			return false
		}
	}
	if j <= first || toks[j].Tag != "VBG" {
		return false
	}
	switch toks[j-1].Text {
	case "is", "are", "'s", "’s", "'re", "’re", "am", "'m", "’m":
		return true
	}
	return false
}

// auxiliary reports whether a verb in the present tense leaves open what its clause speaks of: "has
// met", or, as with "says", leaves it to the next clause.
func auxiliary(s string) bool {
	switch lower(s) {
	case "say", "says", "has", "have", "'ve", "’ve", "do", "does":
		return true
	}
	return false
}
