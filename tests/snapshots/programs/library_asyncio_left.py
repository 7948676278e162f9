import asyncio
async def main():
    asyncio.create_task(asyncio.sleep(60))
    return 5
l = asyncio.new_event_loop()
print(l.run_until_complete(main()))
