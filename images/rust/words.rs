mod count;

use std::io::{self, BufRead};
use std::panic;
use std::thread;

fn depth(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + depth(n - 1).min(n) }
}

fn main() {
    for line in io::stdin().lock().lines() {
        for (word, times) in count::words(&line.unwrap()).into_iter().take(3) {
            println!("{word} {times}");
        }
    }
    let workers: Vec<_> = (0..4u64)
        .map(|first| thread::spawn(move || (1..=100_000u64).filter(|n| n % 4 == first).sum::<u64>()))
        .collect();
    let total: u64 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    println!("threads: {total}");
    let list = vec![1, 2, 3];
    panic::set_hook(Box::new(|_| {}));
    println!("caught: {}", panic::catch_unwind(|| list[list.len() + 2]).is_err());
    println!("depth: {}", depth(100_000));
}
