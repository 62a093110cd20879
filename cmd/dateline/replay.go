package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/export"
	"github.com/datelinenews/dateline/pipeline/kafka"
)

type replayCmd struct {
	DryRun bool `help:"Only list the dead letters; put none back."`
	All    bool `help:"Of Kafka's dead letters, also those that an earlier replay has put back."`
	Top    int  `default:"8" help:"How long the lists of the summary are, with the embedded index."`

	indexSettings
	deadSettings
	extractionSettings
	kafkaSettings
}

func (replayCmd) Help() string {
	return `With Kafka set, the letters of the dead topic are sent again to the topics that they were read from, for the workers, or to --topic where it is given here, or where they came from elsewhere; a letter is sent once, until --all. Otherwise, or where --dead names a file, its letters go into the embedded index, and those that fail again are back in the file afterwards.

A letter of which only a part was kept is never put back: read the article again from its source.

Examples:

    dateline replay --dry-run
    dateline replay --max-text 8MiB
    dateline replay --kafka localhost:9092`
}

func (c *replayCmd) run(ctx context.Context, p *process) error {
	if len(c.Kafka) > 0 && !p.given["dead"] {
		return c.fromKafka(ctx, p)
	}
	return c.fromFile(ctx, p)
}

// listed prints a letter for --dry-run.
func listed(w io.Writer, l pipeline.DeadLetter) error {
	_, err := fmt.Fprintf(w, "%s  %s  %s  %s, %d bytes\n", l.Time.Format(time.RFC3339),
		export.Printable(l.Origin.String(), false), l.Stage, export.Shorten(export.Printable(l.Reason, false), 200), len(l.Value))
	return err
}

// replaying is the name of the file while its letters are put back: what fails again is written to
// a new file under the old name, and a replay that was cut off goes on with what it left.
const replaying = ".replaying"

func (c *replayCmd) fromFile(ctx context.Context, p *process) error {
	path := deadPath(&c.deadSettings, &c.indexSettings)
	work := path + replaying
	if c.DryRun {
		return c.listFile(p, path, work)
	}
	if _, err := os.Stat(work); errors.Is(err, fs.ErrNotExist) {
		err := os.Rename(path, work)
		if errors.Is(err, fs.ErrNotExist) {
			_, _ = fmt.Fprintf(p.err, "dateline: no dead letters in %s\n", path) // said, not needed
			return nil
		}
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	f, err := os.Open(work)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer f.Close()
	source := newLetterSource(f, p.err)
	defer source.stop()
	err = localRun(ctx, p, local{source: source, extraction: &c.extractionSettings, index: c.Index, dead: path, top: c.Top})
	if err != nil && !errors.Is(err, errDead) {
		return fmt.Errorf("%w (the letters are in %s: run replay again)", err, work)
	}
	if source.damaged > 0 {
		return fmt.Errorf("%s in %s: the others are put back; mend or delete that file", plural(source.damaged, "damaged line"), work)
	}
	if rmErr := os.Remove(work); rmErr != nil {
		return fmt.Errorf("replay: %w", rmErr)
	}
	return err
}

func (c *replayCmd) listFile(p *process, paths ...string) error {
	n := 0
	for _, path := range paths {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		defer f.Close()
		for l, err := range pipeline.ReadDeadLetters(f) {
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			n++
			if err := listed(p.out, l); err != nil {
				return err
			}
		}
	}
	_, _ = fmt.Fprintf(p.err, "dateline: %s\n", plural(n, "dead letter")) // said, not needed
	return nil
}

// letterSource is a file of dead letters as a source of their messages.
type letterSource struct {
	next    func() (pipeline.DeadLetter, error, bool)
	stop    func()
	warn    io.Writer
	damaged int
}

func newLetterSource(r io.Reader, warn io.Writer) *letterSource {
	s := &letterSource{warn: warn}
	s.next, s.stop = iter.Pull2(pipeline.ReadDeadLetters(r))
	return s
}

func (s *letterSource) Read(ctx context.Context) (*pipeline.Batch, error) {
	const messages, size = 64, 1 << 20
	b := &pipeline.Batch{}
	for n := 0; len(b.Messages) < messages && n < size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err, ok := s.next()
		if !ok {
			break
		}
		if err != nil {
			s.damaged++
			_, _ = fmt.Fprintf(s.warn, "dateline: dead letters: %v\n", err) // counted, and told at the end
			continue
		}
		n += len(l.Value)
		b.Messages = append(b.Messages, l.Message())
	}
	if len(b.Messages) == 0 {
		return nil, io.EOF
	}
	return b, nil
}

func (s *letterSource) Commit(context.Context, *pipeline.Batch) error { return nil }

func (c *replayCmd) fromKafka(ctx context.Context, p *process) error {
	snapshot, err := kafka.OpenSnapshot(ctx, kafka.SnapshotConfig{Connection: c.connection(), Topic: c.DeadTopic, Group: c.Group + "-replay", All: c.All})
	if err != nil {
		return err
	}
	defer snapshot.Close()
	back := &returns{replayCmd: c, p: p, producers: map[string]*kafka.Producer{}, counts: map[string]int{}}
	defer back.close()
	sent, left := 0, 0
	for {
		b, err := snapshot.Read(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read dead letters: %w", err)
		}
		n, err := back.put(ctx, b.Messages)
		if err != nil {
			return err
		}
		sent += n
		left += len(b.Messages) - n
		if c.DryRun {
			continue
		}
		if err := snapshot.Commit(ctx, b); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	if c.DryRun {
		_, _ = fmt.Fprintf(p.err, "dateline: %s in topic %s\n", plural(sent+left, "dead letter"), c.DeadTopic) // said, not needed
		return nil
	}
	for _, topic := range slices.Sorted(maps.Keys(back.counts)) {
		_, _ = fmt.Fprintf(p.err, "dateline: %s put back into topic %s\n", plural(back.counts[topic], "dead letter"), topic)
	}
	if len(back.counts) == 0 {
		_, _ = fmt.Fprintln(p.err, "dateline: 0 dead letters put back")
	}
	if left > 0 {
		_, _ = fmt.Fprintf(p.err, "dateline: %s not put back; still in topic %s\n", plural(left, "dead letter"), c.DeadTopic)
		return errDead
	}
	return nil
}

// returns puts letters back into their topics.
type returns struct {
	*replayCmd
	p         *process
	producers map[string]*kafka.Producer
	counts    map[string]int // letters put back, by topic
}

func (r *returns) close() {
	for _, producer := range r.producers {
		_ = producer.Close() // all that it wrote is acknowledged
	}
}

// topic is where a letter belongs: with several topics nobody may read the one that --topic has by
// default.
func (r *returns) topic(l pipeline.DeadLetter) string {
	if r.p.given["topic"] {
		return r.Topic
	}
	return cmp.Or(l.Origin.Topic, r.Topic)
}

// put sends what letters hold, and returns how many were sent.
func (r *returns) put(ctx context.Context, messages []pipeline.Message) (int, error) {
	out := map[string][]pipeline.Message{}
	for _, m := range messages {
		var l pipeline.DeadLetter
		if err := json.Unmarshal(m.Value, &l); err != nil {
			_, _ = fmt.Fprintf(r.p.err, "dateline: %s: %v\n", m.Origin, err) // counted as left
			continue
		}
		if r.DryRun {
			if err := listed(r.p.out, l); err != nil {
				return 0, err
			}
			continue
		}
		back, topic := l.Message(), r.topic(l)
		raw, err := rawMessage(back, int(r.MaxText))
		switch {
		case err == nil:
			out[topic] = append(out[topic], raw)
		case back.Err == nil && (l.Format == pipeline.JSON || l.Format == ""):
			out[topic] = append(out[topic], back) // a newer worker may make more of it
		default:
			_, _ = fmt.Fprintf(r.p.err, "dateline: %s: %s\n", export.Printable(l.Origin.String(), false), export.Printable(err.Error(), false))
		}
	}
	sent := 0
	for _, topic := range slices.Sorted(maps.Keys(out)) {
		n, err := r.send(ctx, topic, out[topic])
		if err != nil {
			return sent, err
		}
		sent += n
		r.counts[topic] += n
	}
	return sent, nil
}

// send produces to one topic, and returns how many messages it took.
func (r *returns) send(ctx context.Context, topic string, messages []pipeline.Message) (int, error) {
	producer := r.producers[topic]
	if producer == nil {
		var err error
		producer, err = kafka.NewProducer(kafka.ProducerConfig{Connection: r.connection(), Topic: topic,
			Notify: func(err error) { r.p.cli.console(r.p.err).Warn("trying again", "error", err) }})
		if err != nil {
			return 0, usageError{err}
		}
		r.producers[topic] = producer
	}
	err := producer.Produce(ctx, messages)
	var rejected *pipeline.RejectError
	switch {
	case errors.As(err, &rejected):
		_, _ = fmt.Fprintln(r.p.err, "dateline:", rejected)
		return len(messages) - len(rejected.Reasons), nil
	case err != nil && topic != r.Topic:
		return 0, fmt.Errorf("%w (the letters were read from topic %s; --topic names another)", err, topic)
	case err != nil:
		return 0, err
	}
	return len(messages), nil
}
