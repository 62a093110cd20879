package feature

import "github.com/datelinenews/dateline/extractor/text"

// templates of token features; they follow the word templates.
const (
	kBias = iota + 200
	kBigramLeft
	kBigramRight
	kShapes
	kWordShapeLeft
	kWordShapeRight
	kShapeFirst
	kWordFirst
	kClusterLeft
	kClusterRight
	kClusterAround
	kList
	kListLeft
	kListRight
	kListNone
	kInner
	kInnerShape
	kOtherLeft
	kOtherRight
	kOtherLeftCluster
	kOtherRightCluster
	kOtherRun
	kOtherList
	kRunLast
	kRunLastCluster
	kRunFirst
	kRunFirstCluster
	kRunBefore
	kRunAfter
	kRunBeforeCluster
	kRunAfterCluster
	kRunLength
	kAcronym
	kAcronymLast
	kAcronymCluster
	kHasAcronym
	kSport // 8 of them
	_
	_
	_
	_
	_
	_
	_
	kTag
	kTagLeft
	kTagRight
	kTags
)

// AppendToken appends the features of token i of sentence s that depend on more than one word.
func (d *Doc) AppendToken(out []uint64, s, i int) []uint64 {
	sent := &d.doc.Sentences[s]
	mode := d.modes[s]
	var apart uint64
	if mode != Normal {
		apart = caseless
	}
	add := func(h, template uint64) { out = append(out, mix(h, template+apart)) }

	w := &d.words[d.token[i]]
	l := &d.words[d.Neighbour(sent, i, -1)]
	r := &d.words[d.Neighbour(sent, i, 1)]
	l2 := &d.words[d.Neighbour(sent, i, -2)]
	r2 := &d.words[d.Neighbour(sent, i, 2)]

	add(uint64(mode), kBias)
	add(mix(l.lower, w.lower), kBigramLeft)
	add(mix(w.lower, r.lower), kBigramRight)
	add(mix(mix(l.shape, w.shape), r.shape), kShapes)
	add(mix(mix(mix(l2.shape, l.shape), mix(w.shape, r.shape)), r2.shape), kShapes+500)
	add(mix(w.lower, l.shape), kWordShapeLeft)
	add(mix(w.lower, r.shape), kWordShapeRight)
	if l.known && w.known {
		add(l.clusters[1]<<12|w.clusters[1], kClusterLeft)
	}
	if r.known && w.known {
		add(w.clusters[1]<<12|r.clusters[1], kClusterRight)
	}
	if l.known && r.known {
		add(mix(l.clusters[1]<<12|r.clusters[1], w.shape), kClusterAround)
	}
	if i == sent.FirstToken || i == sent.FirstToken+1 && l.class == other {
		add(w.shape, kShapeFirst)
		add(w.lower, kWordFirst)
	}
	t, tl, tr := d.tag(sent, i), d.tag(sent, i-1), d.tag(sent, i+1)
	add(t, kTag)
	add(tl, kTagLeft)
	add(tr, kTagRight)
	add(mix(mix(tl, t), tr), kTags)
	out = d.appendLists(out, sent.FirstToken, sent.EndToken, i, apart)
	if w.class == other || mode == Normal && !w.class.upper() {
		return out
	}
	out = d.appendArticle(out, i, apart)
	if d.sport {
		add(w.lower, kSport)
		add(d.lists[i]<<3|uint64(d.listPart[i]), kSport+1)
		add(l.lower, kSport+2)
		add(r.lower, kSport+3)
		add(mix(mix(l.shape, w.shape), r.shape), kSport+4)
		add(w.clusters[1], kSport+5)
		if l.known {
			add(l.clusters[1], kSport+6)
		}
		if r.known {
			add(r.clusters[1], kSport+7)
		}
	}
	if mode == Normal {
		out = d.appendRun(out, sent.FirstToken, sent.EndToken, i)
	}
	return out
}

// tag hashes the part of speech of token i, 1 outside of its sentence.
func (d *Doc) tag(s *text.Sentence, i int) uint64 {
	if i < s.FirstToken || i >= s.EndToken {
		return 1
	}
	return Hash(d.doc.Tokens[i].Tag)
}

func (d *Doc) appendLists(out []uint64, first, end, i int, apart uint64) []uint64 {
	emit := func(j int, template uint64) {
		part := uint64(d.listPart[j])
		for l := d.lists[j]; l != 0; l &= l - 1 {
			out = append(out, mix(l&-l<<3|part, template+apart))
		}
		if d.lists[j] != 0 {
			out = append(out, mix(d.lists[j]<<3|part, template+apart+600))
		}
	}
	emit(i, kList)
	if i > first {
		emit(i-1, kListLeft)
	}
	if i+1 < end {
		emit(i+1, kListRight)
	}
	return out
}

// uses says how the article writes the word of token i elsewhere: with a capital inside a sentence,
// without, with one at the start of sentences.
func (t *lexeme) uses(i int) (bits uint64) {
	if t.inner > 1 || t.inner > 0 && int32(i) != t.head {
		bits |= 1
	}
	if t.small > 0 {
		bits |= 2
	}
	if t.initial > 1 {
		bits |= 4
	}
	return bits
}

// appendArticle: what the rest of the article says of the word.
func (d *Doc) appendArticle(out []uint64, i int, apart uint64) []uint64 {
	add := func(h, template uint64) { out = append(out, mix(h, template+apart)) }
	w := &d.words[d.token[i]]
	t := &d.types[d.typeOf[d.token[i]]]
	bits := t.uses(i)
	add(bits, kInner)
	add(mix(bits, w.shape), kInnerShape)
	// The other uses of the word, up to four of them.
	seen := 0
	for j := t.head; j >= 0 && seen < 4; j = d.same[j] {
		if int(j) == i {
			continue
		}
		seen++
		s := &d.doc.Sentences[d.doc.Tokens[j].Sentence]
		l, r := &d.words[d.Neighbour(s, int(j), -1)], &d.words[d.Neighbour(s, int(j), 1)]
		add(l.lower, kOtherLeft)
		add(r.lower, kOtherRight)
		if l.known {
			add(l.clusters[1], kOtherLeftCluster)
		}
		if r.known {
			add(r.clusters[1], kOtherRightCluster)
		}
		run := d.runs[j]
		var place uint64
		if int(run.first) == int(j) {
			place |= 1
		}
		if int(run.end) == int(j)+1 {
			place |= 2
		}
		add(place, kOtherRun)
		if place&1 == 0 {
			add(l.lists&nameLists, kOtherList)
		}
		if place&2 == 0 {
			last := &d.words[d.token[run.end-1]]
			add(last.lower, kOtherRun+700)
		}
	}
	if t.longEnd > 0 {
		last := &d.words[d.token[t.longEnd-1]]
		add(0, kAcronym)
		add(last.lower, kAcronymLast)
		add(last.clusters[1], kAcronymCluster)
	}
	return out
}

// appendRun: the sequence of capitalised words that the token stands in.
func (d *Doc) appendRun(out []uint64, first, end, i int) []uint64 {
	add := func(h, template uint64) { out = append(out, mix(h, template)) }
	run := d.runs[i]
	a, b := int(run.first), int(run.end)
	place := uint64(0)
	if i == a {
		place |= 1
	}
	if i == b-1 {
		place |= 2
	}
	add(uint64(min(b-a, 6))<<2|place, kRunLength)
	if b-a > 1 {
		head, last := &d.words[d.token[a]], &d.words[d.token[b-1]]
		if i != b-1 {
			add(last.lower, kRunLast)
			if last.known {
				add(last.clusters[1], kRunLastCluster)
			}
		}
		if i != a {
			add(head.lower, kRunFirst)
			if head.known {
				add(head.clusters[1], kRunFirstCluster)
			}
		}
		if a > first {
			w := &d.words[d.token[a-1]]
			add(w.lower, kRunBefore)
			add(w.clusters[1], kRunBeforeCluster)
		}
		if b < end {
			w := &d.words[d.token[b]]
			add(w.lower, kRunAfter)
			add(w.clusters[1], kRunAfterCluster)
		}
	}
	// "Karen National Union (KNU)": what is abbreviated by its initials in brackets.
	if b+2 < end && d.words[d.token[b]].text == "(" {
		if at := d.typeOf[d.token[b+1]]; at >= 0 {
			if t := &d.types[at]; t.longEnd > 0 && int(t.long) <= i && i < int(t.longEnd) {
				add(place, kHasAcronym)
			}
		}
	}
	return out
}
