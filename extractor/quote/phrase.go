package quote

import "strings"

// reach bounds, in items, how far a search for a subject goes, which keeps the work linear.
const reach = 60

// mostSteps bounds the subjects that are tried for one verb or quotation, for the same reason.
const mostSteps = 100

func auxiliary(w string) bool {
	switch w {
	case "has", "have", "had", "having", "is", "was", "were", "are", "be", "been", "being", "will", "would", "could", "can", "may", "might",
		"did", "does", "do", "should", "must", "'s", "’s", "'ve", "’ve", "'d", "’d", "got":
		return true
	}
	return false
}

func be(w string) bool {
	switch w {
	case "is", "was", "were", "are", "be", "been", "being":
		return true
	}
	return false
}

func adverb(w string) bool {
	switch w {
	case "also", "later", "then", "previously", "earlier", "repeatedly", "reportedly", "allegedly", "further", "once", "first", "now", "again",
		"today", "yesterday", "tonight", "additionally", "both", "all", "himself", "herself", "themselves", "itself", "simply", "just", "only", "already", "since":
		return true
	}
	return false
}

// timeWord reports whether a word names a day, a month or a time: never a speaker.
func timeWord(w string) bool {
	switch w {
	case "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july",
		"august", "september", "october", "november", "december", "yesterday", "today", "tomorrow", "tonight", "morning", "afternoon", "evening",
		"night", "week", "month", "year", "weekend", "jan.", "feb.", "aug.", "sept.", "oct.", "nov.", "dec.", "time", "day", "days", "weeks", "months", "years", "noon", "times", "hours", "minutes", "once", "twice":
		return true
	}
	return false
}

func number(it *item) bool {
	return it.tag == "CD" || it.low != "" && it.low[0] >= '0' && it.low[0] <= '9'
}

// nounLike reports whether an item may end a noun phrase.
func nounLike(it *item) bool {
	switch it.kind {
	case name:
		return true
	case quoted:
		return false
	}
	switch it.low {
	case "others", "many", "some", "one", "both", "half", "most", "few", "several", "neither", "those", "%":
		return true
	}
	return strings.HasPrefix(it.tag, "NN") || it.tag == "PRP" || it.tag == "CD"
}

func inside(it *item) bool {
	if it.kind == name {
		return true
	}
	switch it.tag {
	case "JJ", "JJR", "JJS", "DT", "PRP$", "POS", "CD", "NN", "NNS", "NNP", "NNPS", "VBN", "VBG", "PDT", "FW":
		return true
	}
	switch it.low {
	case "-", "/", "&", "then", "former", "formerly", "$":
		return true
	}
	return false
}

func linking(low string) bool {
	switch low {
	case "of", "for", "at", "in", "from", "with", "on", "to", "by", "about", "near", "within":
		return true
	}
	return false
}

// phraseLeft parses the noun phrase that ends with item i; first > i where none does.
func (u *unit) phraseLeft(i int) (first, end, head int) {
	if i >= 0 && u.items[i].low == ")" { // "General Motors (GM)"
		for lo := i - 12; i > 0 && i > lo && u.items[i].low != "("; {
			i--
		}
		i--
	}
	if i < 0 || !nounLike(&u.items[i]) {
		return i + 1, i + 1, -1
	}
	if it := &u.items[i]; it.tag == "PRP" && it.kind == word {
		return i, i + 1, u.pronounHead(i)
	}
	j := i
	lo := i - reach
	for j-1 >= 0 && j-1 > lo {
		p := &u.items[j-1]
		cur := &u.items[j]
		if p.kind == quoted && cur.tag != "DT" {
			// A nickname or a scare quote inside the phrase.
			if p.end-p.first <= 5 && j-2 >= 0 && inside(&u.items[j-2]) {
				j--
				continue
			}
			break
		}
		if cur.kind == word && cur.tag == "DT" || cur.tag == "PRP$" {
			if !(linking(p.low) && j-2 >= 0 && nounLike(&u.items[j-2]) && !timeWord(u.items[j-2].low)) {
				break
			}
			j -= 2
			continue
		}
		if linking(p.low) {
			if j-2 >= 0 && nounLike(&u.items[j-2]) && u.items[j-2].tag != "PRP" && !timeWord(u.items[j-2].low) {
				j -= 2
				continue
			}
			break
		}
		if p.kind == word && timeWord(p.low) {
			break
		}
		if p.low == "and" || p.low == "or" {
			if j-2 >= 0 && (u.items[j-2].kind == name && (cur.kind == name || cur.tag == "NNP") || nounLike(&u.items[j-2]) && cur.kind == word && u.items[j-2].kind == word && u.items[j-2].tag != "PRP") {
				j -= 2
				continue
			}
			break
		}
		if !inside(p) && cur.low != "-" {
			break
		}
		if (p.tag == "VBN" || p.tag == "VBG") && j-2 >= 0 && !inside(&u.items[j-2]) {
			break
		}
		j--
	}
	for j < i && u.items[j].kind == word && (u.items[j].tag == "POS" || u.items[j].low == "-" || u.items[j].low == "/") {
		j++
	}
	return j, i + 1, u.headOf(j, i+1)
}

// phraseRight parses the noun phrase that starts with item i; end == i where none does.
func (u *unit) phraseRight(i int) (first, end, head int) {
	if i >= len(u.items) {
		return i, i, -1
	}
	if it := &u.items[i]; it.kind == word && it.tag == "PRP" {
		return i, i + 1, u.pronounHead(i)
	}
	j := i
	last := i // after the last noun
	for j < len(u.items) && j < i+reach {
		it := &u.items[j]
		if it.kind == quoted {
			break
		}
		if nounLike(it) && it.tag != "PRP" {
			if timeWord(it.low) {
				break
			}
			j++
			last = j
			continue
		}
		if inside(it) || it.kind == word && u.at(j+1).low == "-" {
			if last > i && (it.tag == "DT" || it.tag == "PRP$") && !linking(u.at(j-1).low) {
				break
			}
			j++
			continue
		}
		if linking(it.low) && last == j && last > i && (it.low == "of" || it.low == "for" || it.low == "at" || it.low == "from" || it.low == "in" || it.low == "with") {
			if n := u.at(j + 1); timeWord(n.low) || number(n) || n.kind == quoted {
				break
			}
			// "said Smith in a statement" is no part of the name.
			if (it.low == "in" || it.low == "with" || it.low == "at" || it.low == "from" || it.low == "for") && u.items[j-1].kind == name && u.headOf(i, j) >= 0 {
				break
			}
			if it.low == "in" && (u.at(j+1).tag == "DT" || u.at(j+1).tag == "PRP$") {
				break
			}
			j++
			continue
		}
		if (it.low == "and") && last == j && last > i && j+1 < len(u.items) && (u.items[j+1].kind == name || nounLike(&u.items[j+1])) {
			j++
			continue
		}
		break
	}
	if last == i {
		return i, i, -1
	}
	head = u.headOf(i, last)
	// "said the minister, John Smith": the name after the comma.
	if head < 0 && u.at(last).low == "," && u.at(last+1).kind == name && (last+2 >= len(u.items) || u.items[last+2].low == "," || u.items[last+2].low == "." || u.items[last+2].kind == quoted) {
		if u.personAt(last + 1) {
			return i, last + 2, last + 1
		}
	}
	return i, last, head
}

// subjectLeft finds the subject of the verb group that starts after item j.
func (u *unit) subjectLeft(j, depth int) (first, end, head int) {
	const deepest = 4
	if u.steps++; j < 0 || depth > deepest || u.steps > mostSteps {
		return -1, -1, -1
	}
	for lo := j - reach; j >= 0 && j > lo; {
		it := &u.items[j]
		if it.kind == quoted {
			return -1, -1, -1
		}
		switch {
		case it.low == ")" || it.low == "]":
			k := j - 1
			for k >= 0 && k > j-reach && u.items[k].low != "(" && u.items[k].low != "[" {
				k--
			}
			j = k - 1
			continue
		case it.low == "who" || it.low == "which" || it.low == "that" && it.tag != "IN" && u.at(j-1).kind != word:
			k := j - 1
			if u.at(k).low == "," {
				k--
			}
			f, e, h := u.phraseLeft(k)
			if e > f {
				return u.apposed(f, e, h)
			}
			return -1, -1, -1
		case it.low == ",":
			return u.subjectBeforeComma(j, depth)
		case it.low == "and" || it.low == "but" || it.low == "or" || it.low == "then":
			return u.coordinated(j, depth)
		case it.kind == word && (timeWord(it.low) || number(it)):
			// "Smith on Tuesday said", "Smith in January 2010 said".
			k := j - 1
			for k >= 0 && u.items[k].kind == word && (timeWord(u.items[k].low) || number(&u.items[k]) || u.items[k].low == "," || u.items[k].tag == "DT" || u.items[k].low == "last" || u.items[k].low == "this" || u.items[k].low == "early" || u.items[k].low == "late") {
				k--
			}
			if k >= 0 && (linking(u.items[k].low) || u.items[k].low == "since") {
				k--
			}
			j = k
			continue
		}
		break
	}
	if j < 0 {
		return -1, -1, -1
	}
	if nounLike(&u.items[j]) {
		first, end, head = u.apposed(u.phraseLeft(j))
		if f, e, h := u.beyondRelative(first); f >= 0 && end > first {
			return f, e, h
		}
		if head < 0 && end > first {
			if f, e, h := u.clauseOpener(first); f >= 0 {
				return f, e, h
			}
		}
		return first, end, head
	}
	if t := u.items[j].tag; (t == "VBN" || t == "VBD") && depth == 0 && j > 0 && u.items[j-1].kind == word && nounLike(&u.items[j-1]) && u.items[j-1].tag != "PRP" {
		return u.phraseLeft(j - 1) // "a poll published Monday said"
	}
	if strings.HasPrefix(u.items[j].tag, "VB") || u.items[j].tag == "RP" {
		return u.subjectOfVerbBefore(j, depth)
	}
	return -1, -1, -1
}

// subjectBeforeComma finds the subject where a comma stands before the verb: after an apposition,
// a relative clause, an age ("Smith, 45, who leads the group, said").
func (u *unit) subjectBeforeComma(c, depth int) (first, end, head int) {
	right := c
	for range 12 {
		left := right - 1
		for left >= 0 && left > c-reach && u.items[left].low != "," && u.items[left].kind != quoted && u.items[left].low != ";" {
			left--
		}
		// The segment is (left, right).
		first, end, head = u.phraseLeft(right - 1)
		valid := end > first && !u.prepositional(first) && !timeWord(u.items[end-1].low)
		if left < 0 || u.items[left].low != "," || left <= c-reach {
			if valid {
				return first, end, head
			}
			return u.subjectOfVerbBefore(right-1, depth)
		}
		if valid && first == left+1 && u.items[end-1].kind == name && end-first == 1 {
			return first, end, head // a bare name between commas
		}
		// Is the segment a parenthesis? Then a noun phrase ends before its comma.
		pf, pe, ph := u.phraseLeft(left - 1)
		if valid && u.personAt(end-1) && head >= 0 && ph < 0 {
			return first, end, head // "the lead author, doctoral candidate Jane Smith, said"
		}
		if pe > pf && !u.prepositional(pf) && !timeWord(u.items[pe-1].low) && !number(&u.items[pe-1]) {
			right = left
			if valid && head >= 0 && first == left+1 && !u.startsApposition(left+1) {
				return first, end, head
			}
			continue
		}
		if left > 0 && number(&u.items[left-1]) { // an age or a year
			right = left
			continue
		}
		switch s := u.items[left+1]; {
		case s.low == "who" || s.low == "which" || s.low == "whose" || s.low == "and" || linking(s.low):
			right = left
			continue
		}
		if valid {
			return first, end, head
		}
		return -1, -1, -1
	}
	return -1, -1, -1
}

// beyondRelative finds who a verb belongs to where the phrase before it, which starts at item i, is
// the object of a relative clause: "Collins, who sponsored the bill, said", "Collins who sponsored
// the bill said". It gives -1 where no relative clause ends there.
func (u *unit) beyondRelative(i int) (first, end, head int) {
	p := u.at(i - 1)
	if i <= 0 || p.kind != word || !finite(p) && p.tag != "VBN" {
		return -1, -1, -1
	}
	for k := i - 1; k > 0 && k > i-6; k-- {
		it := &u.items[k]
		if it.kind == word && (it.low == "who" || it.low == "which") {
			k--
			if u.at(k).low == "," {
				k--
			}
			if k < 0 {
				break
			}
			if f, e, h := u.phraseLeft(k); e > f {
				return u.apposed(f, e, h)
			}
			break
		}
		if it.kind == quoted || it.low == "," {
			break
		}
	}
	return -1, -1, -1
}

// clauseOpener finds the name that opens the clause where the phrase that starts at item i is only
// the object of a preposition or a participle in it: "Smith in relaying the news said".
func (u *unit) clauseOpener(i int) (first, end, head int) {
	if p := u.at(i - 1); i < 2 || p.kind != word || p.tag != "IN" && p.tag != "TO" && p.tag != "VBG" && p.tag != "VB" {
		return -1, -1, -1
	}
	k := i - 1
	for k > 0 && k > i-16 && !u.closes(k-1) && u.items[k-1].kind != quoted && u.items[k-1].low != "that" && !finite(&u.items[k-1]) {
		k--
	}
	first, end, head = u.phraseRight(k)
	if end > first && end < i && (head >= 0 || u.items[end].kind == word && (u.items[end].tag == "VBG" || u.items[end].tag == "VBN")) {
		return first, end, head
	}
	return -1, -1, -1
}

// coordinated finds the subject that a verb group after the conjunction at item j shares with the
// verb before: that of the last verb of speaking, else of the nearest verb.
func (u *unit) coordinated(j, depth int) (first, end, head int) {
	for i := len(u.known) - 1; i >= 0; i-- {
		f := &u.known[i]
		if f.cueFirst < j && f.subjFirst >= 0 && !f.according && !f.inverted && !f.participle && j-f.cueFirst < reach && !u.breaks(f.cueEnd, j) {
			return f.subjFirst, f.subjEnd, f.head
		}
	}
	return u.subjectOfVerbBefore(j-1, depth)
}

// apposed takes in the name that a phrase without one describes: "Smith, head of the group said".
func (u *unit) apposed(first, end, head int) (int, int, int) {
	if head < 0 && end > first && u.at(first-1).low == "," && u.personAt(first-2) && u.items[first].kind == word && u.items[first].tag != "PRP" {
		return first - 2, end, first - 2
	}
	// "Smith an analyst for the bank said"
	if head < 0 && end > first && u.items[first].tag == "DT" && u.personAt(first-1) {
		return first - 1, end, first - 1
	}
	return first, end, head
}

// startsApposition reports whether item i may start an apposition: "the leader of the group".
func (u *unit) startsApposition(i int) bool {
	it := u.at(i)
	return it.kind == word && (it.tag == "DT" || it.tag == "NN" || it.tag == "JJ" || it.tag == "PRP$" || it.low == "who" || linking(it.low))
}

// prepositional reports whether a preposition stands before item i: the phrase is no subject.
func (u *unit) prepositional(i int) bool {
	p := u.at(i - 1)
	return p.kind == word && (p.tag == "IN" || p.tag == "TO") && p.low != "that" && p.low != "as" && p.low != "while" && p.low != "because" && p.low != "although" && p.low != "though" && p.low != "if" && p.low != "after" && p.low != "before"
}

// subjectOfVerbBefore finds the nearest finite verb at or before item j, and its subject.
func (u *unit) subjectOfVerbBefore(j, depth int) (first, end, head int) {
	for lo := j - reach; j >= 0 && j > lo && u.steps < mostSteps; j-- {
		it := &u.items[j]
		if it.kind != word {
			continue
		}
		switch it.tag {
		case "VBN":
			// The tagger takes many a past tense for a participle.
			if p := u.at(j - 1); p.kind != name && p.tag != "PRP" {
				continue
			}
			fallthrough
		case "VBD", "VBZ", "VBP", "MD":
			k := j - 1
			for k >= 0 && u.items[k].kind == word && (auxiliary(u.items[k].low) || u.items[k].tag == "RB" || adverb(u.items[k].low)) {
				k--
			}
			if u.at(k).low == "to" || u.at(k).low == "that" || u.at(k).low == "which" && depth > 0 {
				continue
			}
			first, end, head = u.subjectLeft(k, depth+1)
			if first >= 0 {
				return first, end, head
			}
		}
	}
	return -1, -1, -1
}

// subjectOfParticiple finds who "saying" at item j+1 belongs to: the subject of the clause before
// it, or of the clause that follows.
func (u *unit) subjectOfParticiple(j int) (first, end, head int) {
	if j < 0 {
		// "Speaking to reporters, Smith …"
		for i := range u.items {
			if i > reach {
				break
			}
			if u.items[i].low == "," {
				if f, e, h := u.phraseRight(i + 1); e > f {
					return f, e, h
				}
				break
			}
		}
		return -1, -1, -1
	}
	if f, e, h := u.mainSubject(j); f >= 0 {
		return f, e, h
	}
	return u.subjectOfVerbBefore(j, 0)
}
