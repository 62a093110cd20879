package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReplaySource reads the letters of a DeadFile as messages again, each once. It moves the file out
// of the way first, to its name with ".replaying" added, so that letters which die again go to a new
// one; that file is removed on Close if all of it has been committed, and else is where the next
// replay begins.
type ReplaySource struct {
	moved string
	size  int64
	f     *os.File
	br    *bufio.Reader
	line  int
	at    int64 // bytes read
	done  int64 // bytes committed
}

// NewReplaySource takes over the letters in the DeadFile at path, which no one may be writing. The
// error is fs.ErrNotExist where there are none.
func NewReplaySource(path string) (*ReplaySource, error) {
	moved := path + ".replaying"
	if err := takeOver(path, moved); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	f, err := os.Open(moved)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("replay: %w", err)
	}
	return &ReplaySource{moved: moved, size: info.Size(), f: f, br: bufio.NewReader(f)}, nil
}

// takeOver moves path to moved, or to its end where an earlier replay left it.
func takeOver(path, moved string) error {
	if _, err := os.Stat(moved); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(path, moved)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(moved, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte{'\n'}, b...)) // the line break ends a line that was cut; blank ones don't matter
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// Read returns the next letter's message. A damaged line is a message with an error.
func (s *ReplaySource) Read(ctx context.Context) (*Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		line, err := s.br.ReadBytes('\n')
		s.at += int64(len(line))
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read dead letters: %w", err)
		}
		s.line++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			if err == io.EOF {
				return nil, io.EOF
			}
			continue
		}
		var l DeadLetter
		m := Message{Value: line, Origin: Origin{Path: s.moved, Line: s.line}}
		if err := json.Unmarshal(line, &l); err != nil {
			m.Err = fmt.Errorf("damaged dead letter: %w", err)
		} else {
			m = l.Message()
		}
		return &Batch{Messages: []Message{m}, Token: s.at}, nil
	}
}

// Commit notes how far the letters are dealt with.
func (s *ReplaySource) Commit(_ context.Context, b *Batch) error {
	at, ok := b.Token.(int64)
	if !ok {
		return errors.New("commit: a batch of another source")
	}
	s.done = max(s.done, at)
	return nil
}

// Close removes the letters if all have been committed. Call it when the run is over.
func (s *ReplaySource) Close() error {
	if err := s.f.Close(); err != nil {
		return fmt.Errorf("close dead letters: %w", err)
	}
	rest := s.size - s.done
	if rest > 0 && s.at == s.size { // all was read: is what wasn't committed blank?
		b, err := os.ReadFile(s.moved)
		if err != nil {
			return fmt.Errorf("close dead letters: %w", err)
		}
		if len(bytes.TrimSpace(b[s.done:])) == 0 {
			rest = 0
		}
	}
	if rest > 0 {
		return nil
	}
	if err := os.Remove(s.moved); err != nil {
		return fmt.Errorf("remove replayed dead letters: %w", err)
	}
	return nil
}
