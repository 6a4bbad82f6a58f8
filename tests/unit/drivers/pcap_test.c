// SPDX-License-Identifier: BSD-2-Clause
/* Capture files: frames come at the file's pace, damaged files end at a whole frame, and so does one on a full disk. */
#include "../dev/dev_world.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/drivers.h"

struct got {
	u32 count;
	ktime_t at[64];
	u32 len[64];
};

static int get_ip(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct got *g = ctx;

	g->at[g->count % 64] = dev->net->now;
	g->len[g->count++ % 64] = skb->len;
	consume_skb(skb);
	return 0;
}

/** struct files - a directory with the files of one test */
struct files {
	char dir[40], in[64], out[64], both[130];
};

static void files_init(struct files *f)
{
	memcpy(f->dir, "/tmp/nethood-pcap-XXXXXX", sizeof("/tmp/nethood-pcap-XXXXXX"));
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->in, sizeof(f->in), "%s/in", f->dir);
	snprintf(f->out, sizeof(f->out), "%s/out", f->dir);
	snprintf(f->both, sizeof(f->both), "%s,%s", f->in, f->out);
}

static void files_fini(const struct files *f)
{
	unlink(f->in);
	unlink(f->out);
	assert_int_equal(rmdir(f->dir), 0);
}

/* Frames of 60 + n octets, @gap_ns apart. */
static void write_capture(const char *path, int linktype, u32 frames, ktime_t gap_ns)
{
	pcap_t *p = pcap_open_dead_with_tstamp_precision(linktype, 65535, PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *d = pcap_dump_open(p, path);
	u8 data[200] = { 0 };

	assert_non_null(d);
	data[12] = ETH_P_IP >> 8;
	for (u32 n = 0; n < frames; n++) {
		const ktime_t t = 1700000000 * NSEC_PER_SEC + n * gap_ns;
		const struct pcap_pkthdr h = {
			.ts = { .tv_sec = t / NSEC_PER_SEC, .tv_usec = t % NSEC_PER_SEC },
			.caplen = 60 + n,
			.len = 60 + n,
		};

		pcap_dump((u8 *)d, &h, data);
	}
	pcap_dump_close(d);
	pcap_close(p);
}

/* The driver's: of its libraries the one that has the name. */
void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
static const char *no_library = "";

void *__wrap_dlopen(const char *name, int flags)
{
	return strcmp(no_library, "*") != 0 && strcmp(no_library, name) != 0 ? __real_dlopen(name, flags) : NULL;
}

static int try_open(struct world *w, const char *arg, struct net_device **dev)
{
	const struct netdev_config cfg = { .name = "eth%d", .driver = "pcap", .arg = arg, .fd = -1 };

	return netdev_driver_open(&w->net, &cfg, dev);
}

static struct net_device *open_up(struct world *w, const char *arg, struct got *g)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = get_ip, .ctx = g };
	struct net_device *dev = NULL;

	memset(g, 0, sizeof(*g));
	assert_int_equal(try_open(w, arg, &dev), 0);
	assert_int_equal(dev_add_pack(&w->net, &pt), 0);
	assert_int_equal(dev_open(dev), 0);
	return dev;
}

/* Time goes on from one thing that is due to the next, until nothing is. */
static void run(struct world *w)
{
	for (;;) {
		while (world_poll(w))
			;
		if (timer_wheel_next(w->net.timers) == KTIME_MAX)
			break;
		w->net.now = timer_wheel_next(w->net.timers);
	}
}

static void frames_come_at_the_pace_of_the_file(void **state)
{
	struct files f;
	struct got got;
	struct world w;
	ktime_t begin;

	(void)state;
	files_init(&f);
	world_init(&w);
	write_capture(f.in, DLT_EN10MB, 5, 1234567);
	begin = w.net.now += 77;
	open_up(&w, f.in, &got);
	run(&w);
	assert_int_equal(got.count, 5);
	for (u32 n = 0; n < 5; n++) {
		assert_int_equal(got.at[n], begin + n * 1234567);
		assert_int_equal(got.len[n], 60 + n - ETH_HLEN);
	}
	world_fini(&w);
	files_fini(&f);
}

static void many_at_one_time_all_come(void **state)
{
	struct files f;
	struct got got;
	struct world w;

	(void)state;
	files_init(&f);
	world_init(&w);
	write_capture(f.in, DLT_EN10MB, 140, 0); /* more than two budgets */
	open_up(&w, f.in, &got);
	run(&w);
	assert_int_equal(got.count, 140);
	world_fini(&w);
	files_fini(&f);
}

static void going_down_stops_the_file(void **state)
{
	struct files f;
	struct got got;
	struct world w;
	struct net_device *dev;

	(void)state;
	files_init(&f);
	world_init(&w);
	write_capture(f.in, DLT_EN10MB, 3, NSEC_PER_SEC);
	dev = open_up(&w, f.in, &got);
	world_poll(&w);
	dev_close(dev);
	assert_int_equal(timer_wheel_armed_count(w.net.timers), 0);
	w.net.now += 10 * NSEC_PER_SEC;
	world_poll(&w);
	assert_int_equal(got.count, 1);
	assert_int_equal(dev_open(dev), 0);
	run(&w);
	assert_int_equal(got.count, 3);
	world_fini(&w);
	files_fini(&f);
}

static void a_damaged_file_ends_at_its_last_whole_frame(void **state)
{
	struct files f;
	off_t whole;

	(void)state;
	files_init(&f);
	write_capture(f.in, DLT_EN10MB, 3, 1000);
	whole = 24 + 3 * 16 + 60 + 61 + 62;
	for (off_t cut = 1; cut < 62 + 16; cut += 7) {
		struct got got;
		struct world w;
		struct net_device *dev;

		world_init(&w);
		assert_int_equal(truncate(f.in, whole - cut), 0);
		dev = open_up(&w, f.in, &got);
		run(&w);
		assert_int_equal(got.count, 2);
		assert_int_equal(dev->stats.rx_errors, 1);
		assert_int_equal(w.log_lines, 1);
		world_fini(&w);
	}
	files_fini(&f);
}

static void files_that_cannot_be_used_are_refused(void **state)
{
	struct files f;
	struct world w;
	struct net_device *dev;
	char arg[200];

	(void)state;
	files_init(&f);
	world_init(&w);
	assert_int_equal(try_open(&w, f.in, &dev), -ENOENT);
	assert_int_equal(try_open(&w, ",", &dev), -EINVAL);
	assert_int_equal(try_open(&w, "", &dev), -EINVAL);
	write_capture(f.in, DLT_RAW, 1, 0);
	assert_int_equal(try_open(&w, f.in, &dev), -EINVAL); /* no Ethernet in it */
	assert_int_equal(truncate(f.in, 10), 0);
	assert_int_equal(try_open(&w, f.in, &dev), -EINVAL); /* not a capture */
	write_capture(f.in, DLT_EN10MB, 1, 0);
	snprintf(arg, sizeof(arg), "%s,%s/nowhere/out", f.in, f.dir);
	assert_int_equal(try_open(&w, arg, &dev), -ENOENT);
	world_fini(&w);
	files_fini(&f);
}

static void without_libpcap_there_are_no_capture_files(void **state)
{
	struct net_device *dev = NULL;
	struct files f;
	struct world w;

	(void)state;
	files_init(&f);
	world_init(&w);
	write_capture(f.in, DLT_EN10MB, 1, 0);
	no_library = "*";
	assert_int_equal(try_open(&w, f.both, &dev), -ELIBACC);
	assert_int_equal(access(f.out, F_OK), -1);
	no_library = "libpcap.so.1"; /* it may have Debian's name alone */
	assert_int_equal(try_open(&w, f.both, &dev), 0);
	no_library = "";
	world_fini(&w);
	files_fini(&f);
}

/* Return: whole frames; the file must end with one. */
static u32 read_capture(const char *path, ktime_t *first)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	struct pcap_pkthdr *h;
	const u8 *data;
	u32 frames = 0;
	int ret;

	assert_non_null(p);
	while ((ret = pcap_next_ex(p, &h, &data)) == 1) {
		assert_int_equal(h->caplen, 54);
		assert_int_equal(data[53], 0x5a);
		if (!frames++)
			*first = h->ts.tv_sec * NSEC_PER_SEC + h->ts.tv_usec;
	}
	assert_int_equal(ret, PCAP_ERROR_BREAK);
	pcap_close(p);
	return frames;
}

static void what_is_sent_is_in_the_file_with_its_time(void **state)
{
	struct files f;
	struct got got;
	struct world w;
	struct net_device *dev;
	ktime_t first = 0;

	(void)state;
	files_init(&f);
	world_init(&w);
	write_capture(f.in, DLT_EN10MB, 1, 0);
	w.net.wall_offset = 1600000000 * NSEC_PER_SEC;
	w.net.now += 5;
	dev = open_up(&w, f.both, &got);
	for (u32 n = 0; n < 10; n++)
		send_mark(&w, dev, n);
	assert_int_equal(read_capture(f.out, &first), 10); /* at any moment, not only at the end */
	assert_int_equal(first, w.net.wall_offset + w.net.now);
	run(&w);
	assert_int_equal(got.count, 1);
	world_fini(&w);
	assert_int_equal(read_capture(f.out, &first), 10);
	files_fini(&f);
}

/* The limit of a file's size stands for a disk that is full. */
static void on_a_full_disk_the_file_ends_with_a_whole_frame(void **state)
{
	const u32 whole = 24 + 5 * (16 + 54);
	struct rlimit old, small;
	struct stat st;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (u32 more = 0; more < 70; more += 23) {
		char arg[80];
		struct files f;
		struct got got;
		struct world w;
		struct net_device *dev;
		ktime_t first;

		files_init(&f);
		world_init(&w);
		snprintf(arg, sizeof(arg), ",%s", f.out);
		dev = open_up(&w, arg, &got);
		small = old;
		small.rlim_cur = whole + more;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		for (u32 n = 0; n < 10; n++)
			send_mark(&w, dev, n);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		send_mark(&w, dev, 11); /* there is room again, but the file has ended */
		assert_int_equal(dev->stats.tx_packets, 5);
		assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_XMIT), 6);
		world_fini(&w);
		assert_int_equal(stat(f.out, &st), 0);
		assert_int_equal(st.st_size, whole);
		assert_int_equal(read_capture(f.out, &first), 5);
		files_fini(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_at_the_pace_of_the_file),
		cmocka_unit_test(many_at_one_time_all_come),
		cmocka_unit_test(going_down_stops_the_file),
		cmocka_unit_test(a_damaged_file_ends_at_its_last_whole_frame),
		cmocka_unit_test(files_that_cannot_be_used_are_refused),
		cmocka_unit_test(without_libpcap_there_are_no_capture_files),
		cmocka_unit_test(what_is_sent_is_in_the_file_with_its_time),
		cmocka_unit_test(on_a_full_disk_the_file_ends_with_a_whole_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
