package feature

// The features of a token alone are what the convolutional model reads: its neighbours it sees for
// itself.

// templates of features that only AppendOwnToken has.
const (
	kOwnMode = iota + 900
	kOwnFirst
	kOwnLast
	kOwnParagraph
	kOwnSport
	kOwnRun
)

// Lower is the hash of word w in lower case: its key in the table of word vectors.
func (d *Doc) Lower(w int) uint64 { return d.words[w].lower }

// AppendOwnWord appends the features of word w, which all tokens with this word share: its letters,
// clusters and lists. Those of sentences with and without proper capitals are the same where they
// say the same.
func (d *Doc) AppendOwnWord(out []uint64, w int) []uint64 {
	return append(out, d.wordFeatures(w, 0)...)
}

// Identity are the features that say which word w is, rather than what it is like.
func (d *Doc) Identity(w int) [2]uint64 {
	return [2]uint64{mix(d.words[w].lower, tLower), mix(d.words[w].hash, tWord)}
}

// AppendOwnToken appends what token i of sentence s has beside its word's features: its part of
// speech, the lists in which a phrase stands that it is part of, its place in sentence and
// paragraph, how the sentence uses capitals, and what the rest of the article says of the word.
func (d *Doc) AppendOwnToken(out []uint64, s, i int) []uint64 {
	sent := &d.doc.Sentences[s]
	mode := d.modes[s]
	w := &d.words[d.token[i]]
	add := func(h, template uint64) { out = append(out, mix(h, template)) }

	add(d.tag(sent, i), kTag)
	part := uint64(d.listPart[i])
	for l := d.lists[i]; l != 0; l &= l - 1 {
		add(l&-l<<3|part, kList)
	}
	if mode != Normal {
		add(uint64(mode), kOwnMode)
	}
	if i == sent.FirstToken || i == sent.FirstToken+1 && d.words[d.token[i-1]].class == other {
		add(w.shape, kOwnFirst)
	}
	if i == sent.EndToken-1 {
		add(0, kOwnLast)
	}
	if i == sent.FirstToken && (s == 0 || d.doc.Sentences[s-1].Paragraph != sent.Paragraph) {
		add(uint64(mode), kOwnParagraph)
	}
	if d.sport {
		add(uint64(w.class), kOwnSport)
	}
	if w.class == other || mode == Normal && !w.class.upper() {
		return out
	}
	if mode == Normal {
		run := d.runs[i]
		place := uint64(0)
		if i == int(run.first) {
			place |= 1
		}
		if i == int(run.end)-1 {
			place |= 2
		}
		add(uint64(min(run.end-run.first, 6))<<2|place, kOwnRun)
	}
	return d.appendUses(out, i)
}

// appendUses: how the article writes the word elsewhere, and what name it abbreviates.
func (d *Doc) appendUses(out []uint64, i int) []uint64 {
	add := func(h, template uint64) { out = append(out, mix(h, template)) }
	w := &d.words[d.token[i]]
	t := &d.types[d.typeOf[d.token[i]]]
	bits := t.uses(i)
	add(bits, kInner)
	add(mix(bits, w.shape), kInnerShape)
	if t.longEnd > 0 {
		last := &d.words[d.token[t.longEnd-1]]
		add(0, kAcronym)
		add(last.lower, kAcronymLast)
		add(last.clusters[1], kAcronymCluster)
	}
	return out
}
