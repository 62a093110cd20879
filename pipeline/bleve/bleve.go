// Package bleve keeps records in an index in a folder, searchable without a server: a
// pipeline.Sink and a search.Searcher over github.com/blevesearch/bleve.
//
// The folder holds dateline-index.json, which names the format and its version, the index itself
// under data/, and in writes.json how many batches it must have. One process may write, and then no
// other may read; else any number may read.
//
// An article and its quotes are written, and those of its older revision removed, in one batch, of
// which a crash leaves all or nothing; when Write returns, the batch is on the disk.
package bleve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/blevesearch/bleve/v2"
	bolterrors "go.etcd.io/bbolt/errors"
)

// What Open's errors wrap.
var (
	ErrMissing = errors.New("there is no index")
	ErrLocked  = errors.New("the index is in use")
	ErrForeign = errors.New("not an index of dateline")
	ErrVersion = errors.New("the index has another format")
	ErrDamaged = errors.New("the index is damaged")
)

// FormatVersion is the version of the folder's format: of the mapping, the terms and what is stored.
const FormatVersion = 3

const (
	formatName = "dateline-index"
	formatFile = "dateline-index.json"
	ownerFile  = "owner.json"
	writesFile = "writes.json"
	dataFolder = "data"
	newFolder  = "data.new"
)

// Options say how to open an index. The zero value opens it for reading and writing, and makes it
// where there is none.
type Options struct {
	// ReadOnly opens for reading: several processes may at once.
	ReadOnly bool
	// Wait is how long to wait for another process to let go of the index. Default: 2 s.
	Wait time.Duration
}

// Index is an open index. It is a pipeline.Sink and a search.Searcher, safe for concurrent use.
type Index struct {
	dir      string
	readOnly bool
	data     atomic.Pointer[data]
	writing  sync.Mutex // a Write reads revisions before it replaces them
	writes   uint64     // batches that the index has; under writing
	broken   error      // why the library must open the index again before it is written to; under writing
}

// data is the index as the library has it open, and what is kept in memory of it.
type data struct {
	bleve.Index
	columns columnCache
}

// writesKey is where the index itself counts its batches.
const writesKey = "writes"

// format is what formatFile holds.
type format struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// owner is what ownerFile holds: who has the index open for writing.
type owner struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// Open opens the index in the folder. Its errors wrap ErrMissing (only with ReadOnly), ErrLocked,
// ErrForeign, ErrVersion or ErrDamaged, and say what to do.
func Open(dir string, o Options) (*Index, error) {
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	err := prepare(dir, o.ReadOnly)
	var x *Index
	if err == nil {
		x, err = openData(dir, o)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("open index: %w: let this user do so, or choose another folder (--index)", err)
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("open index: %s is no folder: choose another (--index)", dir)
	case errors.Is(err, syscall.ENOSPC):
		return nil, fmt.Errorf("open index: %w: make room on the disk, or choose another folder (--index)", err)
	case err != nil:
		return nil, fmt.Errorf("open index: %w", err)
	}
	if !o.ReadOnly {
		if err := writeOwner(dir); err != nil {
			return nil, errors.Join(fmt.Errorf("open index: %w", err), x.data.Load().Close())
		}
	}
	return x, nil
}

// prepare checks what the folder is, and makes an empty index where there is nothing.
func prepare(dir string, readOnly bool) error {
	raw, err := os.ReadFile(filepath.Join(dir, formatFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		entries, err := os.ReadDir(dir)
		switch {
		case err == nil && len(entries) > 0:
			return fmt.Errorf("%w: %s holds other files and no %s: choose another folder (--index)", ErrForeign, dir, formatFile)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case readOnly:
			return fmt.Errorf("%w in %s: `dateline run` makes one; --index names another folder", ErrMissing, dir)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// The format first: whatever a crash leaves behind it is known as ours.
		b, err := json.Marshal(format{Format: formatName, Version: FormatVersion})
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, formatFile), append(b, '\n')); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		var f format
		if err := json.Unmarshal(raw, &f); err != nil || f.Format != formatName {
			return fmt.Errorf("%w: %s does not say so: choose another folder (--index)", ErrForeign, filepath.Join(dir, formatFile))
		}
		if f.Version != FormatVersion {
			return fmt.Errorf("%w: %s has version %d, and this dateline reads %d: build it anew in another folder (`dateline run --index`), or use the dateline that made it",
				ErrVersion, dir, f.Version, FormatVersion)
		}
	}
	_, err = os.Stat(filepath.Join(dir, dataFolder))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if readOnly {
		return fmt.Errorf("%w in %s yet: `dateline run` fills it", ErrMissing, dir)
	}
	return create(dir)
}

// create makes an empty index beside its place and moves it there when it is whole.
func create(dir string) error {
	fresh := filepath.Join(dir, newFolder)
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	m, err := newMapping()
	if err != nil {
		return err
	}
	index, err := bleve.NewUsing(fresh, m, bleve.Config.DefaultIndexType, bleve.Config.DefaultKVStore, nil)
	if err != nil {
		return fmt.Errorf("make index: %w", err)
	}
	if err := index.Close(); err != nil {
		return fmt.Errorf("make index: %w", err)
	}
	return os.Rename(fresh, filepath.Join(dir, dataFolder))
}

// openData opens the index itself. Where the library can't load what was written last, it goes on
// with what was written before, and deletes the rest when it may write: so an index is first opened
// for reading, to see whether it is whole.
func openData(dir string, o Options) (*Index, error) {
	x, err := openWhole(dir, Options{ReadOnly: true, Wait: o.Wait})
	if err != nil || o.ReadOnly {
		return x, err
	}
	if err := x.data.Load().Close(); err != nil {
		return nil, err
	}
	return openWhole(dir, o)
}

// openWhole opens the index itself and looks whether it answers and has all its batches. A damaged
// file may make the library panic, which is an error here.
func openWhole(dir string, o Options) (x *Index, err error) {
	damaged := func(why any) error {
		return fmt.Errorf("%w: %s: %v: move the folder away and build it anew (`dateline run`), or bring a copy back", ErrDamaged, dir, why)
	}
	defer func() {
		if v := recover(); v != nil {
			x, err = nil, damaged(v)
		}
	}()
	index, err := bleve.OpenUsing(filepath.Join(dir, dataFolder), map[string]any{
		"bolt_timeout": o.Wait.String(), "read_only": o.ReadOnly,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s: %s: wait until it ends, stop it, or use another folder (--index)", ErrLocked, dir, holder(dir))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return nil, err
	case err != nil:
		return nil, damaged(err)
	}
	x = &Index{dir: dir, readOnly: o.ReadOnly}
	x.data.Store(&data{Index: index})
	if err := x.checkWrites(); err != nil {
		return nil, errors.Join(damaged(err), index.Close())
	}
	if err := x.probe(); err != nil {
		return nil, errors.Join(damaged(err), index.Close())
	}
	return x, nil
}

// reopen opens the index again from what is on the disk. After a batch that it could not write (the disk
// is full), the library goes on with segments in memory that it has closed, and panics over them.
func (x *Index) reopen() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("open index again: %v", v)
		}
	}()
	if err := x.data.Load().Close(); err != nil {
		return fmt.Errorf("open index again: close it: %w", err)
	}
	fresh, err := openWhole(x.dir, Options{Wait: 2 * time.Second})
	if err != nil {
		return fmt.Errorf("open index again: %w", err)
	}
	x.data.Store(fresh.data.Load())
	x.writes, x.broken = fresh.writes, nil
	return nil
}

// checkWrites compares the batches that the index has with those that it must have. It may have
// more, for a process may have ended before it counted the last.
func (x *Index) checkWrites() error {
	raw, err := x.data.Load().GetInternal([]byte(writesKey))
	if err != nil {
		return err
	}
	if len(raw) > 0 {
		if x.writes, err = strconv.ParseUint(string(raw), 10, 64); err != nil {
			return err
		}
	}
	var must struct {
		Writes uint64 `json:"writes"`
	}
	raw, err = os.ReadFile(filepath.Join(x.dir, writesFile))
	if err != nil || json.Unmarshal(raw, &must) != nil {
		return nil // not written yet, or the power failed before it was on the disk
	}
	if x.writes < must.Writes {
		return fmt.Errorf("of %d batches written only %d can be read", must.Writes, x.writes)
	}
	return nil
}

// countWrites says beside the index that it has so many batches. It is a safeguard that costs no
// sync; where it comes too late, nothing is lost.
func (x *Index) countWrites() error {
	path := filepath.Join(x.dir, writesFile)
	if err := os.WriteFile(path+".new", fmt.Appendf(nil, "{\"writes\":%d}\n", x.writes), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// holder says who has the index open.
func holder(dir string) string {
	var o owner
	raw, err := os.ReadFile(filepath.Join(dir, ownerFile))
	if err != nil || json.Unmarshal(raw, &o) != nil || o.PID == 0 {
		return "another process is reading it"
	}
	return fmt.Sprintf("process %d (%s) has been writing to it since %s", o.PID, o.Command, o.Since.Local().Format("2006-01-02 15:04:05"))
}

func writeOwner(dir string) error {
	command := filepath.Base(os.Args[0])
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		command += " " + os.Args[1]
	}
	b, err := json.Marshal(owner{PID: os.Getpid(), Command: command, Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, ownerFile), append(b, '\n'))
}

// writeFile writes a file so that a crash leaves the old one or the new one.
func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Dir is the index's folder.
func (x *Index) Dir() string { return x.dir }

// Close closes the index. Everything that Write stored is on the disk already.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if !x.readOnly {
		// Best effort: a file that stays only names a process that is gone.
		_ = os.Remove(filepath.Join(x.dir, ownerFile))
	}
	if err := x.data.Load().Close(); err != nil {
		return fmt.Errorf("close index: %w", err)
	}
	return nil
}
