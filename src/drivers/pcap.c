// SPDX-License-Identifier: BSD-2-Clause
/* Frames from a capture file, at the pace of their timestamps, and frames to one.
 *
 * @step S13 of S13, to a file
 *
 * The first frame comes when the device goes up, the others as long after it as the file says.  A file that is damaged
 * or cut off ends after its last whole frame.  The file that is written ends at a frame's boundary as well, also when
 * the disk is full: what was written of the last one is cut off.
 *
 * @syscalls open read write lseek dup ftruncate close
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "drivers/driver_internal.h"
#include "drivers/libpcap.h"
#include "net.h"

struct pcap_next {
	ktime_t stamp;
	u32 len_bytes, caplen_bytes;
};

struct pcap_priv {
	struct netdev_common common;
	struct net_device *dev;
	struct libpcap lib;
	bool in_open; /* there may be more to read */
	pcap_t *in;   /* NULL: of a recording */
	const u8 *next_frame;
	struct pcap_next next; /* the frame that is due at next_time; valid while next_frame is */
	ktime_t next_time;
	ktime_t first_stamp, start; /* of the file; of ours */
	bool started;
	struct timer timer;
	bool has_out;  /* a file to write was asked for */
	bool out_open; /* and nothing failed */
	pcap_t *out_format;
	FILE *out_file;
	pcap_dumper_t *out;    /* NULL: none, or it failed */
	off_t out_whole_bytes; /* up to here the file holds whole frames */
};

static struct pcap_priv *pcap_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* ---- receive */

static void pcap_in_end(struct pcap_priv *priv)
{
	if (priv->in)
		priv->lib.close(priv->in);
	priv->in = NULL;
	priv->in_open = false;
	priv->next_frame = NULL;
}

/* Return: as pcap_next_ex(); 1: priv->next and priv->next_frame are it */
static int pcap_next_of_file(struct pcap_priv *priv, const char **why)
{
	struct pcap_pkthdr *hdr;
	int ret = priv->lib.next_ex(priv->in, &hdr, &priv->next_frame);

	if (ret == PCAP_ERROR)
		*why = priv->lib.geterr(priv->in);
	if (ret == 1)
		priv->next = (struct pcap_next){
			.stamp = (ktime_t)hdr->ts.tv_sec * NSEC_PER_SEC + (ktime_t)hdr->ts.tv_usec, /* opened for ns */
			.len_bytes = hdr->len,
			.caplen_bytes = hdr->caplen,
		};
	return ret;
}

static int pcap_next_again(struct pcap_priv *priv, const char **why)
{
	struct net_device *dev = priv->dev;
	size_t len_bytes;
	const u8 *data;
	int ret = (int)rec_input_borrow(dev->net->rec, dev->ifindex, REC_IN_FRAME, &data, &len_bytes);

	if (ret == PCAP_ERROR)
		*why = data && !data[len_bytes - 1] ? (const char *)data : "";
	if (ret != 1)
		return ret;
	if (!data || len_bytes != sizeof(priv->next))
		return PCAP_ERROR_BREAK;
	memcpy(&priv->next, data, sizeof(priv->next));
	rec_input_borrow(dev->net->rec, dev->ifindex, REC_IN_FRAME, &priv->next_frame, &len_bytes);
	if (len_bytes != priv->next.caplen_bytes)
		priv->next_frame = NULL;
	if (!priv->next_frame)
		priv->next_frame = (const u8 *)"";
	return 1;
}

static int pcap_read_next(struct pcap_priv *priv, const char **why)
{
	struct net_device *dev = priv->dev;
	struct recorder *rec = dev->net->rec;
	int ret;

	if (rec_again(rec))
		return pcap_next_again(priv, why);
	ret = pcap_next_of_file(priv, why);
	if (likely(!rec))
		return ret;
	rec_input(rec, dev->ifindex, REC_IN_FRAME, ret, ret == 1 ? (const void *)&priv->next : *why,
		  ret == 1 ? sizeof(priv->next) : strlen(*why) + 1);
	if (ret == 1)
		rec_input(rec, dev->ifindex, REC_IN_FRAME, 0, priv->next_frame, priv->next.caplen_bytes);
	return ret;
}

/* The next frame of the file, and when it is due. */
static void pcap_read_ahead(struct pcap_priv *priv)
{
	struct net_device *dev = priv->dev;
	const char *why = "";
	ktime_t stamp;
	int ret;

	if (!priv->in_open || priv->next_frame)
		return;
	ret = pcap_read_next(priv, &why);
	if (ret != 1) {
		if (ret == PCAP_ERROR) {
			dev->stats.rx_errors++;
			net_log(dev->net, "%s: %s", dev->name, why);
		}
		pcap_in_end(priv);
		return;
	}
	stamp = priv->next.stamp;
	if (!priv->started) {
		priv->started = true;
		priv->first_stamp = stamp;
		priv->start = dev->net->now;
	}
	priv->next_time = priv->start + (stamp - priv->first_stamp);
}

static void pcap_receive(struct pcap_priv *priv)
{
	struct net_device *dev = priv->dev;
	const u8 *frame = priv->next_frame;

	priv->next_frame = NULL;
	if (priv->next.caplen_bytes < priv->next.len_bytes) { /* not all of it was captured */
		dev->stats.rx_length_errors++;
		dev->stats.rx_errors++;
		return;
	}
	netdev_receive_frame(dev, frame, priv->next.caplen_bytes);
}

static int pcap_poll(struct napi_struct *napi, int budget)
{
	struct net_device *dev = napi->dev;
	struct pcap_priv *priv = pcap_priv(dev);
	int work = 0;

	while (work < budget) {
		pcap_read_ahead(priv);
		if (!netif_running(dev) || !priv->next_frame || priv->next_time > dev->net->now) {
			napi_complete(napi);
			break;
		}
		pcap_receive(priv);
		work++;
	}
	if (netif_running(dev) && priv->next_frame)
		mod_timer(dev->net->timers, &priv->timer, priv->next_time);
	return work;
}

static void pcap_timer(struct timer *t)
{
	struct pcap_priv *priv = container_of(t, struct pcap_priv, timer);

	napi_schedule(&priv->common.napi);
}

/* ---- transmit */

/* Return: 0, -EIO: a frame is not, or not wholly, in the file */
static int pcap_out_flush(struct pcap_priv *priv)
{
	off_t bytes = ftello(priv->out_file);

	if (priv->lib.dump_flush(priv->out) || ferror(priv->out_file) || bytes < 0)
		return -EIO;
	priv->out_whole_bytes = bytes;
	return 0;
}

/* Return: 1: what was written of the last frame could not be cut off */
static int pcap_out_close(struct pcap_priv *priv)
{
	bool failed;
	int fd, ret = 0;

	failed = pcap_out_flush(priv);
	fd = dup(fileno(priv->out_file));
	priv->lib.dump_close(priv->out); /* tries to write once more what could not be written */
	priv->lib.close(priv->out_format);
	priv->out = NULL;
	if (failed && fd >= 0 && ftruncate(fd, priv->out_whole_bytes))
		ret = 1;
	sys_close(&fd);
	return ret;
}

static void pcap_out_end(struct pcap_priv *priv)
{
	struct net_device *dev = priv->dev;
	struct recorder *rec = dev->net->rec;
	ssize_t ret;

	if (!priv->out_open)
		return;
	priv->out_open = false;
	if (rec_again(rec)) {
		ret = rec_input_again(rec, dev->ifindex, REC_IN_SENT, NULL, 0);
	} else {
		ret = pcap_out_close(priv);
		if (unlikely(rec))
			rec_input(rec, dev->ifindex, REC_IN_SENT, ret, NULL, 0);
	}
	if (ret == 1)
		net_log(dev->net, "%s: the capture file may end inside a frame", dev->name);
}

static int pcap_write_frame(struct pcap_priv *priv, const struct sk_buff *skb)
{
	ktime_t now = priv->dev->net->now + priv->dev->net->wall_offset;
	struct pcap_pkthdr hdr = {
		.ts = { .tv_sec = now / NSEC_PER_SEC, .tv_usec = now % NSEC_PER_SEC }, /* opened for ns */
		.caplen = skb->len,
		.len = skb->len,
	};

	priv->lib.dump((u8 *)priv->out, &hdr, skb->data);
	return pcap_out_flush(priv);
}

static int pcap_write(struct pcap_priv *priv, const struct sk_buff *skb)
{
	struct recorder *rec = priv->dev->net->rec;
	int err;

	if (rec_again(rec))
		return (int)rec_refused_again(rec, 0);
	err = pcap_write_frame(priv, skb);
	if (unlikely(rec && err))
		rec_refused(rec, err);
	return err;
}

static netdev_tx_t pcap_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct pcap_priv *priv = pcap_priv(dev);

	(void)more;
	if (!priv->has_out)
		return netdev_tx_done(dev, skb);
	if (!priv->out_open)
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
	if (pcap_write(priv, skb)) {
		net_log(dev->net, "%s: the capture file cannot be written: it ends here", dev->name);
		pcap_out_end(priv);
		return netdev_tx_error(dev, skb, SKB_DROP_REASON_DEV_XMIT);
	}
	return netdev_tx_done(dev, skb);
}

/* ---- life */

static int pcap_open_dev(struct net_device *dev)
{
	netdev_link(dev, true);
	napi_schedule(&pcap_priv(dev)->common.napi);
	return 0;
}

static void pcap_stop(struct net_device *dev)
{
	timer_delete(dev->net->timers, &pcap_priv(dev)->timer);
	netdev_link(dev, false);
}

static void pcap_uninit(struct net_device *dev)
{
	struct pcap_priv *priv = pcap_priv(dev);

	pcap_in_end(priv);
	pcap_out_end(priv);
	libpcap_unload(&priv->lib);
}

static const struct net_device_ops pcap_ops = {
	.ndo_open = pcap_open_dev,
	.ndo_stop = pcap_stop,
	.ndo_change_carrier = netdev_change_carrier,
	.ndo_uninit = pcap_uninit,
	.ndo_start_xmit = pcap_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

static int pcap_in_open(struct pcap_priv *priv, const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	priv->in = priv->lib.fopen_offline(f, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!priv->in) {
		fclose(f);
		return -EINVAL;
	}
	if (priv->lib.datalink(priv->in) != DLT_EN10MB) {
		pcap_in_end(priv);
		return -EINVAL;
	}
	priv->in_open = true;
	return 0;
}

static int pcap_out_open(struct pcap_priv *priv, const char *path)
{
	priv->out_format = priv->lib.open_dead(DLT_EN10MB, (int)FRAME_MAX_BYTES, PCAP_TSTAMP_PRECISION_NANO);
	if (!priv->out_format)
		return -ENOMEM;
	priv->out_file = fopen(path, "we");
	if (!priv->out_file) {
		int err = -errno;

		priv->lib.close(priv->out_format);
		return err;
	}
	priv->out = priv->lib.dump_fopen(priv->out_format, priv->out_file);
	if (!priv->out) {
		fclose(priv->out_file);
		priv->lib.close(priv->out_format);
		return -ENOMEM;
	}
	priv->has_out = priv->out_open = true;
	return pcap_out_flush(priv);
}

/* @arg: "IN", "IN,OUT" or ",OUT" */
static int pcap_files_open(struct pcap_priv *priv, const char *arg)
{
	const char *comma = strchr(arg, ',');
	size_t in_len = comma ? (size_t)(comma - arg) : strlen(arg);
	char in[PATH_MAX], name[IFNAMSIZ] = "";
	int err = 0;

	if (in_len >= sizeof(in) || (!in_len && (!comma || !comma[1])))
		return -EINVAL;
	memcpy(in, arg, in_len);
	in[in_len] = '\0';
	if (rec_again(priv->dev->net->rec)) {
		priv->in_open = in_len;
		priv->has_out = priv->out_open = comma && comma[1];
	} else {
		err = libpcap_load(&priv->lib);
		if (!err && in_len)
			err = pcap_in_open(priv, in);
	}
	if (!err && comma && comma[1] && !priv->has_out)
		err = pcap_out_open(priv, comma + 1);
	err = sys_opened(priv->dev, err, name);
	if (err) {
		pcap_in_end(priv);
		pcap_out_end(priv);
		libpcap_unload(&priv->lib);
	}
	return err;
}

static int pcap_setup(struct net_device *dev, const struct netdev_config *cfg)
{
	struct pcap_priv *priv = pcap_priv(dev);
	int err;

	if (!cfg->arg || cfg->fd >= 0)
		return -EINVAL;
	priv->dev = dev;
	timer_setup(&priv->timer, pcap_timer);
	err = pcap_files_open(priv, cfg->arg);
	if (!err)
		netif_napi_add(dev, &priv->common.napi, pcap_poll, NAPI_POLL_WEIGHT);
	return err;
}

const struct netdev_driver pcap_driver = {
	.name = "pcap",
	.ops = &pcap_ops,
	.priv_bytes = sizeof(struct pcap_priv),
	.queues_max = 1,
	.hears_all = true,
	.setup = pcap_setup,
};
