package gpu

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

func TestPipelinesAreCachedByEverythingThatDecidesThem(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		base := axpyPipeline(t, d, 8, 1)
		if again := axpyPipeline(t, d, 8, 1); again != base {
			t.Error("the same pipeline was made twice")
		}
		if base.Name != "axpy 0=8 1=1" {
			t.Errorf("named %q", base.Name)
		}
		other := axpyShader() // the same name, other code: the third word says who compiled it
		other.Code[2]++
		pipeline := func(s Shader, subgroup int, constants ...Constant) *Pipeline {
			p, err := d.Pipeline(s, subgroup, constants...)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		different := map[string]*Pipeline{
			"constant": axpyPipeline(t, d, 8, 2),
			"default":  pipeline(axpyShader(), 0, Constant{0, 8}),
			"code":     pipeline(other, 0, Constant{0, 8}, Constant{1, 1}),
		}
		if d.Info.Features.SubgroupControl {
			size := d.Info.Limits.MaxSubgroupSize
			different["subgroup size"] = pipeline(axpyShader(), size, Constant{0, uint32(size)}, Constant{1, 1})
		}
		for what, p := range different {
			if p == base || p.handle == base.handle {
				t.Errorf("another %s gives the same pipeline", what)
			}
		}
	})
}

func TestSpecializationConstantsReachTheShader(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		for _, scale := range []uint32{1, 2, 5} {
			x, y := newFloats(t, d, "x", 1, 2, 3), newFloats(t, d, "y", 100, 100, 100)
			op := axpy(t, d, "axpy", 10, x, y)
			op.Pipeline = axpyPipeline(t, d, 8, scale)
			r := d.NewRecorder()
			r.Dispatch(op)
			run(t, build(t, r, "list", false))
			s := 10 * float32(scale)
			wantFloats(t, "y", floats(t, y), []float32{100 + s, 100 + 2*s, 100 + 3*s})
		}
	})
}

func TestPipelinesThatNoDeviceTakesAreRefused(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, d *Device) {
		for _, c := range []struct {
			name      string
			spoil     func(*Shader)
			subgroup  int
			constants int
			want      string
		}{
			{"no code", func(s *Shader) { s.Code = nil }, 0, 0, "not SPIR-V"},
			{"foreign code", func(s *Shader) { s.Code[0]++ }, 0, 0, "not SPIR-V"},
			{"too many push constants", func(s *Shader) { s.PushBytes = 132 }, 0, 0, "132 bytes of push constants: at most 128"},
			{"broken words of push constants", func(s *Shader) { s.PushBytes = 22 }, 0, 0, "22 bytes of push constants"},
			{"too many constants", func(*Shader) {}, 0, 33, "33 specialization constants, at most 32"},
			{"subgroups of 3", func(*Shader) {}, 3, 0, "subgroups of 3: the device has powers of two"},
			{"giant subgroups", func(*Shader) {}, 1024, 0, "subgroups of 1024"},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.subgroup != 0 && !d.Info.Features.SubgroupControl {
					t.Skip("the device takes no subgroup size")
				}
				s := axpyShader()
				c.spoil(&s)
				_, err := d.Pipeline(s, c.subgroup, make([]Constant, c.constants)...)
				wantError(t, err, nil, "create pipeline axpy", c.want)
			})
		}
	})
}

// A machine's cache folder as it may be found: whatever lies in the file, pipelines work, and a good file is left behind.
func TestDiskCacheIsWrittenAnewWhereItIsNoGood(t *testing.T) {
	i := newInstance(t)
	for _, info := range i.Devices() {
		if len(info.Problems) > 0 {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			useCacheFolder(t, t.TempDir())
			path := diskCacheFor(info).path
			if path == "" {
				t.Fatal("there is no cache folder")
			}
			compile := func(t *testing.T) {
				d := openDevice(t, i, info)
				axpyPipeline(t, d, 8, 1)
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				if len(diskCacheFor(info).load()) == 0 {
					t.Error("no good file was left behind")
				}
				if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
					t.Errorf("files %v, error %v; want the cache alone", files, err)
				}
			}
			t.Run("absent", compile)
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for name, spoilt := range map[string][]byte{
				"good":                good,
				"empty":               {},
				"shorter than a hash": good[:20],
				"truncated":           good[:len(good)-1],
				"one bit changed":     flipped(good, len(good)-1),
				"another hash":        flipped(good, 0),
				"somebody's notes":    []byte("buy milk, and then a very long list of everything else"),
				"another driver's":    sealed(flipped(good[sha256.Size:], 8)), // the vendor in the driver's own header
				"sealed nonsense":     sealed([]byte("nonsense")),
				"sealed nothing":      sealed(nil),
			} {
				t.Run(name, func(t *testing.T) {
					if err := os.WriteFile(path, spoilt, 0o600); err != nil {
						t.Fatal(err)
					}
					compile(t)
					now, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if name != "good" && bytes.Equal(now, spoilt) {
						t.Error("the file was left as it was")
					}
				})
			}
		})
	}
}

func flipped(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 1
	return data
}

// sealed is data as the cache would have written it.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(sum[:], data...)
}

func TestDiskCacheBelongsToADeviceAndADriverVersion(t *testing.T) {
	useCacheFolder(t, t.TempDir())
	paths := map[string]bool{}
	for _, info := range []DeviceInfo{{UUID: uuidA, DriverVersion: 1}, {UUID: uuidA, DriverVersion: 2}, {UUID: uuidB, DriverVersion: 1}} {
		paths[diskCacheFor(info).path] = true
	}
	if len(paths) != 3 {
		t.Errorf("three drivers share the files %v", paths)
	}
}

func TestMachineWithoutCacheFolderGoesWithout(t *testing.T) {
	i := newInstance(t)
	for _, folder := range []struct{ name, path string }{
		{"none", ""},
		{"a file in its place", filepath.Join(t.TempDir(), "file")},
	} {
		t.Run(folder.name, func(t *testing.T) {
			if folder.path != "" {
				if err := os.WriteFile(folder.path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			useCacheFolder(t, folder.path)
			for _, info := range i.Devices() {
				if len(info.Problems) == 0 {
					d := openDevice(t, i, info)
					axpyPipeline(t, d, 8, 1)
					if err := d.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func TestStoringReplacesTheCacheInOneStep(t *testing.T) {
	cache := diskCache{filepath.Join(t.TempDir(), "deep", "folder", "cache.bin")}
	for _, content := range []string{"first", "second, and longer", "3"} {
		if err := cache.store([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if got := cache.load(); string(got) != content {
			t.Errorf("%q comes back as %q", content, got)
		}
	}
	// A reader that opened the old file goes on reading the old file.
	old, err := os.Open(cache.path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := cache.store([]byte("new")); err != nil {
		t.Fatal(err)
	}
	before, err := old.Stat()
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(cache.path)
	if err != nil {
		t.Fatal(err)
	}
	if os.SameFile(before, after) {
		t.Error("the file was overwritten in place")
	}
}
